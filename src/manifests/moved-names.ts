/**
 * Names that a document says its objects had, read as far as can be from a document that takes no part: it is
 * invalid, or its Target is. What bears such a name has not left Git; its removal is held.
 *
 * | the annotation `moved-from` of | holds the removal of |
 * | --- | --- |
 * | a document of a known kind | the object of that kind and name |
 * | a Consumer | the key of that name, every usage plan named `<name>-…`, and the plans that it names one by one |
 * | a document of an unknown kind | whatever has that name |
 */
import { isMap } from '../core/model/json.ts';
import type { Desired } from '../core/model/model.ts';
import { parseIdentity } from './annotations.ts';
import type { Draft } from './draft.ts';
import { fieldSchema, KINDS } from './schemas.ts';

/** Objects that must not be taken for removed, because a document that takes no part may mean them. */
export interface HeldRemoval {
  readonly kind: string;
  readonly namespace: string;
  /** Of `isPrefix`, how the names begin. */
  readonly name: string;
  readonly isPrefix?: true;
  /** The document, for people. */
  readonly document: string;
}

const MOVED_FROM = 'apikeeper.dev/moved-from';
const OURS = /^apikeeper\.dev\//;

/** Undefined where the document's metadata can't be read: it may mean any object. */
export function movedNames(draft: Draft): HeldRemoval[] | undefined {
  const { document, kind, namespace, name } = draft;
  if (kind === 'Target') return [];
  if (!isReadable(document.value) || namespace === undefined) return undefined;
  const known = kind !== undefined && KINDS.includes(kind) ? kind : undefined;
  const about = `${kind ?? 'document'}/${name ?? '?'} (${document.file}:${document.line})`;
  const held = (of: string, text: string): HeldRemoval => ({
    kind: of,
    ...parseIdentity(text, namespace),
    document: about,
  });

  return valuesOf(document.value, MOVED_FROM)
    .flatMap((value) => String(value).split(','))
    .flatMap((item): HeldRemoval[] => {
      const [text = '', part] = item.trim().split('=').reverse();
      if (part !== undefined) return [held('UsagePlan', text)];
      if (known !== undefined && known !== 'Consumer') return [held(known, text)];
      const kinds = known === 'Consumer' ? ['ApiKey'] : KINDS;
      return [
        ...kinds.map((of) => held(of, text)),
        { ...held('UsagePlan', `${text}-`), isPrefix: true },
      ];
    });
}

/** The same of a valid document that takes no part. */
export function namesMovedFrom(desired: Desired): HeldRemoval[] {
  const { kind, name, annotations, source } = desired;
  const document = `${kind}/${name} (${source.file}:${source.line})`;
  return annotations.movedFrom.map((from) => ({ kind, ...from, document }));
}

/** Why the removal of an object is held, with the way out; undefined where it is not. */
export function removalDoubt(removals: readonly HeldRemoval[], who: string): string | undefined {
  const found = removals.find(({ kind, namespace, name, isPrefix }) =>
    isPrefix
      ? who.startsWith(`${kind}/${namespace}/${name}`)
      : who === `${kind}/${namespace}/${name}`,
  );
  return (
    found &&
    `${found.document} says that it moved from this name, and can't be used: mend the problem reported, and it is moved or removed then`
  );
}

/** Whether a document's metadata is certainly all that it says of names. */
function isReadable(value: unknown): boolean {
  const metadata = isMap(value) ? value.metadata : undefined;
  if (!isMap(metadata)) return false;
  const { annotations = {} } = metadata;
  const fields = Object.keys(fieldSchema('Consumer', 'metadata')?.properties ?? {});
  const known = fieldSchema('Consumer', 'metadata', 'annotations')?.properties ?? {};
  const form = fieldSchema('Consumer', 'metadata', 'annotations', MOVED_FROM)?.pattern ?? '';
  return (
    isMap(annotations) &&
    Object.keys(metadata).every((field) => fields.includes(field)) &&
    keysIn(value).every((key) => !OURS.test(key) || key in known) &&
    valuesOf(value, MOVED_FROM).every((text) => new RegExp(form).test(String(text)))
  );
}

/** What a key holds, wherever in the document it stands: indented wrongly, annotations are beside the metadata. */
function valuesOf(value: unknown, key: string): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = isMap(value) && key in value ? [value[key]] : [];
  return [...own, ...Object.values(value).flatMap((child) => valuesOf(child, key))];
}

function keysIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = isMap(value) ? Object.keys(value) : [];
  return [...own, ...Object.values(value).flatMap(keysIn)];
}
