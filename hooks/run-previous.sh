# Run the previous hook first, under its own name and in its own place; a pre-commit hook can stop the commit.
status=0
[ -x "$previous" ] || previous=
# A hook manager that renamed this hook to call it is the caller: not a previous hook, though we know it as one.
if [ -n "$previous" ] && [ "${0##*/}" != "$hook" ] && cmp -s "$folder/$hook" "$previous"; then
    previous=
fi
if [ -n "${BATCHHOOK_DRY_RUN-}" ]; then # for `batchhook doctor`
    printf '%s\n' "$previous" "$BATCHHOOK_INTERPRETER"
    exit 0
fi
if [ -n "$previous" ]; then
    # The same hook for the same commit, called by the hook that it is about to call: two managers keep each other.
    running="<$hook $PWD $(git rev-parse --quiet --verify HEAD 2>/dev/null)>"
    case ${BATCHHOOK_CHAIN-} in *"$running"*) exit 0 ;; esac
    if [ "$hook" = post-rewrite ]; then # git writes to its standard input, which is read twice
        pairs=$(cat)
        BATCHHOOK_CHAIN="${BATCHHOOK_CHAIN-}$running" "$previous" "$@" <<EOL
$pairs
EOL
        exec <<EOL
$pairs
EOL
    else
        BATCHHOOK_CHAIN="${BATCHHOOK_CHAIN-}$running" "$previous" "$@" || status=$?
    fi
    [ "$hook" != pre-commit ] || [ "$status" -eq 0 ] || exit "$status"
fi
# Not for what starts here, and outlives this hook.
unset BATCHHOOK_CHAIN PRE_COMMIT_RUNNING_LEGACY PREK_RUNNING_LEGACY
