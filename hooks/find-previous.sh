# Set $previous to the hook that git would run without batchhook, which may not exist. $hook is the name of this one.
#
# In the repository's own hooks folder it is beside this one, renamed. In batchhook's folder (batchhook/git/hooks_dir.py)
# the file `hooks-path` holds the folder that core.hooksPath names otherwise; it is derived again when git's
# configuration has changed, as husky does with each installation.
folder=${0%/*}
previous=$folder/$hook.before-batchhook
if [ -f "$folder/hooks-path" ]; then
    hooks_path=
    IFS= read -r hooks_path <"$folder/hooks-path"
    [ -f "${GIT_DIR:-.git}/config.worktree" ] && hooks_path=
    for config in "$folder/../config" "${GIT_CONFIG_GLOBAL:-${HOME-}/.gitconfig}" \
        "${XDG_CONFIG_HOME:-${HOME-}/.config}/git/config" /etc/gitconfig; do
        [ "$config" -nt "$folder/hooks-path" ] && hooks_path=
    done
    if [ -z "$hooks_path" ]; then
        while IFS= read -r line; do
            [ "$line" = "$folder" ] || hooks_path=$line
        done <<EOL
$(git config --type=path --get-all core.hooksPath 2>/dev/null)
EOL
        [ -n "$hooks_path" ] || hooks_path=${folder%/*}/hooks
        { printf '%s\n' "$hooks_path" >"$folder/hooks-path.$$" && mv "$folder/hooks-path.$$" "$folder/hooks-path"; } 2>/dev/null
    fi
    previous=$hooks_path/$hook
    # A hook that was added there since: git finds it from now on.
    for name in applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg \
        post-commit pre-rebase post-checkout post-merge pre-push pre-receive update proc-receive post-receive \
        post-update reference-transaction push-to-checkout pre-auto-gc post-rewrite sendemail-validate \
        post-index-change; do
        [ -x "$hooks_path/$name" ] && [ ! -e "$folder/$name" ] && cp "$folder/forward" "$folder/$name" 2>/dev/null
    done
fi
