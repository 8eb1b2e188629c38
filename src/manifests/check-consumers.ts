/** The rules about Consumers, and about what one expands to. */
import { identity } from '../core/model/model.ts';
import { checkAnnotations } from './consumer-annotations.ts';
import type { Entry, Origin, Violation } from './entry.ts';
import { API_VERSION } from './schemas.ts';
import { type Finding, validate } from './validate.ts';

/** What is wrong with a valid Consumer, or with an object that it expands to, alone. */
export function checkConsumer(entry: Entry): Finding[] {
  const { kind, namespace, name, spec, origin } = entry;
  if (!origin) return checkAnnotations(entry);
  // Each part has been validated; put together, they may be too long.
  const findings = validate(
    { apiVersion: API_VERSION, kind, metadata: { namespace, name }, spec },
    () => undefined,
  );
  const own = findings.map((finding) =>
    finding.path === '/metadata/name' ? badName(`${name}: ${finding.message}`) : finding,
  );
  // Of an API or a stage name without a single letter or digit nothing is left.
  const suffix = name.slice(origin.consumer.name.length + 1);
  return own.length === 0 && kind === 'UsagePlan' && /^-|-$/.test(suffix)
    ? [badName(`${name}, which says little`)]
    : own;
}

function badName(why: string): Finding {
  return {
    path: '/metadata/name',
    message: `its usage plan would be named ${why}; declare the stage as a Stage document with a name that fits, and write stage: <that name>`,
  };
}

/** Entries of one Consumer's `access` that would be one usage plan. */
export function twiceInAccess(entries: readonly Entry[]): Violation[] {
  const expanded = entries.filter(
    (entry): entry is Entry & { origin: Origin } => entry.origin !== undefined,
  );
  const groups = Map.groupBy(expanded, ({ origin }) => origin.consumer);
  return [...groups.values()].flatMap((own) =>
    [...Map.groupBy(own, identity).values()].flatMap(repeated),
  );
}

function repeated(group: readonly Entry[]): Violation[] {
  if (group.length === 1) return [];
  return group.map((entry) => {
    const lines = group.filter((other) => other !== entry).map(({ document }) => document.line);
    const others =
      lines.length === 1
        ? `the entry in line ${lines.join()} would both be`
        : `the entries in lines ${lines.join(', ')} would all be`;
    const message = `this and ${others} ${entry.kind}/${entry.name}; keep one, or, where they are different stages, declare one as a Stage document and write stage: <its name>`;
    return { entry, path: '/metadata/name', message };
  });
}
