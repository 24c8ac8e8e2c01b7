// A reporter for `node --test` that writes what jest writes with --json: node's own leave out which file a test is in,
// so that equal names in two files cannot be told apart. Its events: https://nodejs.org/api/test.html#class-testsstream

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

const MAX_ERRORS = 4000;
const ABOVE = "subtestsFailed"; // the reason of a test that failed only because one inside of it did

export default async function* report(source) {
  const files = new Map();
  const errors = new Map(); // the end of each file's standard error
  const titles = [];
  for await (const { type, data } of source) {
    if (type === "test:start") {
      titles.length = data.nesting;
      titles.push(data.name);
    } else if (type === "test:stderr" && data.file) {
      errors.set(data.file, `${errors.get(data.file) ?? ""}${data.message}`.slice(-MAX_ERRORS));
    } else if (type === "test:pass" || type === "test:fail") {
      const path = pathOf(data);
      if (!files.has(path)) files.set(path, { name: path, status: "passed", message: "", assertionResults: [] });
      add(files.get(path), titles.slice(0, data.nesting), data, type === "test:pass");
    }
  }
  for (const file of files.values()) if (file.message && errors.has(file.name)) file.message = errors.get(file.name);
  yield JSON.stringify({ testResults: [...files.values()] });
}

function pathOf({ file, name }) {
  const path = file ?? name; // a file that cannot be loaded is a test of that name
  return path.startsWith("file:") ? fileURLToPath(path) : path;
}

function add(file, ancestorTitles, data, isPassed) {
  const { details, name, skip, todo, line } = data;
  const error = details?.error;
  if (!isPassed) file.status = "failed";
  if (details?.type === "suite" && (isPassed || error?.failureType === ABOVE)) return;
  const isFile = data.nesting === 0 && (name === file.name || relative(process.cwd(), file.name) === name);
  if (isFile && !isPassed) {
    if (file.assertionResults.length === 0) file.message = describe(error);
    return;
  }
  if (isFile) return;
  file.assertionResults.push({
    ancestorTitles,
    title: name,
    status: skip !== undefined || todo !== undefined ? "pending" : isPassed ? "passed" : "failed",
    duration: details?.duration_ms,
    failureMessages: isPassed ? [] : [describe(error)],
    location: line ? { line, column: 1 } : null,
  });
}

function describe(error) {
  const cause = error?.cause;
  if (cause === undefined || cause === null) return String(error?.message ?? "failed");
  return typeof cause === "string" ? cause : (cause.stack ?? inspect(cause));
}
