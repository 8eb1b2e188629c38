/** Bad usage: said in one line, and exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Something is wrong outside of us, and the message says all there is to say: no stack, exit code 1. */
export class ExpectedError extends Error {
  override readonly name = 'Failure';
}
