/** The command line is wrong: the message is one line, and the exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A failure outside of apikeeper: the message says everything, no stack is printed, and the exit code is 1. */
export class ExpectedError extends Error {
  override readonly name = 'Failure';
}
