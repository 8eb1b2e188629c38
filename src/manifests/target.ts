import { compact } from '../core/model/compact.ts';
import type { Target } from '../core/model/model.ts';
import type { Entry } from './entry.ts';
import { fieldSchema } from './schemas.ts';

/** What the implicit Target takes from the command line. */
export type ImplicitTarget = Partial<
  Pick<Target, 'region' | 'owner' | 'mode' | 'schedule' | 'budget' | 'guards'>
>;

/** The namespace of documents that name none, and of the implicit Target. */
export const DEFAULT_NAMESPACE = 'default';

/** A valid Target document, with the schema's defaults. */
export function toTarget({ namespace, spec, annotations, document }: Entry): Target {
  const { file, line } = document;
  const [before] = annotations.movedFrom;
  return compact({
    ...complete(spec as Partial<Target>),
    allowLoss: annotations.allowLoss,
    namespace,
    implicit: false,
    movedFrom: before?.name,
    source: { file, line },
  });
}

/** The Target that exists where none is declared. It never prunes. */
export function implicitTarget(options: ImplicitTarget): Target {
  return { ...complete(options), prune: false, namespace: DEFAULT_NAMESPACE, implicit: true };
}

function complete(written: Partial<Target>): Omit<Target, 'namespace' | 'implicit'> {
  return {
    ...written,
    owner: written.owner ?? defaultOf('owner'),
    prune: written.prune ?? defaultOf('prune'),
    schedule: written.schedule ?? defaultOf('schedule'),
    budget: { ...defaultOf('budget'), ...written.budget },
    guards: { ...defaultOf('guards'), ...written.guards },
  };
}

function defaultOf<K extends keyof Target & string>(field: K): NonNullable<Target[K]> {
  return fieldSchema('Target', 'spec', field)?.default as NonNullable<Target[K]>;
}
