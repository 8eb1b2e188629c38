/** What is valid, and still does not do what it looks like: one vocabulary for `validate`, for reports and for `import`. */

import { compact } from './compact.ts';
import type { Source } from './model.ts';

/** `warning`: callers are blocked, or something looks protected that isn't. `info`: it works, and may not be what was meant. */
export type WarningSeverity = 'warning' | 'info';

interface Code {
  readonly severity: WarningSeverity;
  /** For the reference, in one sentence or two. */
  readonly meaning: string;
}

/** A code is an interface: people filter and count by it. */
// biome-ignore format: one code, one line.
export const WARNINGS = {
  REQUIRED_WITHOUT_KEY: { severity: 'warning', meaning: 'A method demands a key, and no key can pass: there is none, no plan is on the stage, or no key of its plans is enabled. Every call gets 403.' },
  KEY_WITHOUT_REQUIREMENT: { severity: 'warning', meaning: 'A key exists, and nothing that it is for demands one: whoever has no key gets in all the same.' },
  KEY_WITHOUT_PLAN: { severity: 'warning', meaning: 'A key is in no plan, so it opens nothing: calls with it get 403 wherever a key is demanded.' },
  PLAN_WITHOUT_STAGE: { severity: 'warning', meaning: 'A plan is on no stage, so its keys open nothing.' },
  CONSUMER_WITHOUT_ACCESS: { severity: 'warning', meaning: 'A consumer has a key and access to nothing.' },
  LIMIT_ZERO: { severity: 'warning', meaning: 'A limit is 0, which blocks every request. It is not the same as no limit.' },
  LIMIT_HALF: { severity: 'warning', meaning: 'A rate without a burst, or a quota without a period: what applies is not known.' },
  ALLOW_LOSS_OVER: { severity: 'warning', meaning: 'The time of `apikeeper.dev/allow-loss` on a Target is over: the annotation does nothing.' },
  PLAN_WITHOUT_KEY: { severity: 'info', meaning: 'A plan has no key, so nobody calls through it.' },
  QUOTA_BELOW_BURST: { severity: 'info', meaning: "The quota of the whole period is lower than the burst: one burst may use it up." },
} as const satisfies Readonly<Record<string, Code>>;

export type WarningCode = keyof typeof WARNINGS;

/** Whom a warning is about. */
export interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly source?: Source;
}

export interface Warning extends Subject {
  readonly code: WarningCode;
  readonly severity: WarningSeverity;
  /** JSON pointer into the document. */
  readonly path?: string;
  /** The stage that it is about, where it is about one of several: `<API>:<stage name>`. */
  readonly stage?: string;
  /** What happens to callers, and the way out. */
  readonly message: string;
}

/** A warning of a code, with the severity that the code has. */
export function warning(
  code: WarningCode,
  subject: Subject,
  message: string,
  path?: string,
): Warning {
  const { kind, namespace, name, source } = subject;
  return compact({
    code,
    severity: WARNINGS[code].severity,
    kind,
    namespace,
    name,
    path,
    message,
    source,
  });
}
