// For tests: what a command prints.

/** The exit status of `run(io)`, and what it printed: {status, stdout, stderr}. */
export function captured(run) {
  const got = { stdout: '', stderr: '' };
  const io = {
    out: (text) => {
      got.stdout += text;
    },
    err: (text) => {
      got.stderr += text;
    },
  };
  return { status: run(io), ...got };
}
