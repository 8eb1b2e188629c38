/** A document with what is known about it so far: who it is, and what is wrong with it. */

import { compact } from '../core/model/compact.ts';
import { isMap } from '../core/model/json.ts';
import type { Problem } from '../core/model/model.ts';
import { parseAnnotations } from './annotations.ts';
import type { Entry } from './entry.ts';
import type { Document } from './parse.ts';
import { KINDS } from './schemas.ts';
import { DEFAULT_NAMESPACE } from './target.ts';
import { type Finding, validate } from './validate.ts';

/** What can't be told from the document is absent. */
export interface Draft {
  readonly document: Document;
  /** As written, known or not. */
  readonly kind?: string;
  /** Of a Target, its own name. */
  readonly namespace?: string;
  readonly name?: string;
  /** Whether the namespace is certainly the one that is meant. */
  readonly isSure: boolean;
  readonly findings: Finding[];
  /** The document as others see it, where its kind is known and it has a name. */
  readonly entry?: Entry;
}

/** Validates one document. */
export function readDraft(document: Document): Draft {
  const value = isMap(document.value) ? document.value : {};
  const metadata = isMap(value.metadata) ? value.metadata : undefined;
  const kind = textOrNothing(value.kind);
  const name = textOrNothing(metadata?.name);
  const findings = [...validate(document.value, (pointer) => document.locate(pointer).text)];
  const { namespace, isSure } =
    kind === 'Target'
      ? { namespace: name, isSure: name !== undefined }
      : placeOf(metadata, findings);
  const valid = findings.length === 0;
  const who = compact({
    isSure,
    kind,
    namespace,
    name,
  });
  if (kind === undefined || namespace === undefined || name === undefined || !KINDS.includes(kind))
    return { document, ...who, findings };
  const spec = (valid ? value.spec : {}) as Entry['spec'];
  const annotated = findings.every(({ path }) => path.startsWith('/spec'));
  // Those of a Consumer speak of several objects: consumer-annotations.ts.
  const says =
    annotated && kind !== 'Consumer'
      ? ((metadata?.annotations ?? {}) as Record<string, string>)
      : {};
  const annotations = parseAnnotations(says, namespace);
  return {
    document,
    ...who,
    findings,
    entry: { document, kind, namespace, name, valid, spec, annotations, annotated },
  };
}

/** The namespace as far as it can be told. An unknown field of a document that names no namespace may be a misspelt one. */
function placeOf(
  metadata: Readonly<Record<string, unknown>> | undefined,
  findings: readonly Finding[],
) {
  const namespace = metadata && textOrNothing(metadata.namespace ?? DEFAULT_NAMESPACE);
  const isSure =
    namespace !== undefined &&
    (metadata?.namespace !== undefined || !findings.some(({ atKey }) => atKey));
  return { namespace, isSure };
}

/** A finding as a problem of its document. */
export function toProblem(
  { document, kind, namespace, name }: Omit<Draft, 'findings' | 'isSure'>,
  { path, message, atKey }: Finding,
): Problem {
  const location = document.locate(path);
  return compact({
    file: document.file,
    ...(atKey ? location.key : location.value),
    kind,
    namespace,
    name,
    path,
    message,
  });
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
