/** Health of the daemon, in the shape that the engine gives it. */

/** The same as the engine's: whether the loop turns, whether its last pass was good and recent, and why not. */
export interface Health {
  readonly live: boolean;
  readonly ready: boolean;
  readonly reasons: readonly string[];
}
