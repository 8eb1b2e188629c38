/** Documents as the YAML that goes into Git. */
import { dump } from 'js-yaml';
import { API_VERSION } from '../manifests/schemas.ts';
import type { ManifestDocument } from './document.ts';

/** A document of any kind, wherever it comes from: what is live has no source but itself. */
export interface Renderable extends Omit<ManifestDocument, 'kind' | 'source'> {
  readonly kind: string;
  readonly source?: ManifestDocument['source'];
}

/** One stream of documents, with the comments that a person needs to finish them. The same documents always make the same text. */
export function renderManifests(
  { documents }: { readonly documents: readonly Renderable[] },
  namespace?: string,
): string {
  return documents.map((document) => renderDocument(document, namespace)).join('---\n');
}

/** A document as data: what its YAML says. */
export function toManifest(document: Renderable, namespace?: string) {
  const annotations = annotationsOf(document);
  return {
    apiVersion: API_VERSION,
    kind: document.kind,
    metadata: {
      name: document.name,
      ...(namespace !== undefined && document.kind !== 'Target' && { namespace }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: document.spec,
  };
}

/** The others are settings of something that its name tells. */
const NEEDS_ADOPTION: ReadonlySet<string> = new Set(['ApiKey', 'UsagePlan']);

/** A key or plan that can't be found must not be made anew beside the live one. */
function annotationsOf({ kind, adopt }: Renderable): Record<string, string> {
  if (adopt) return { 'apikeeper.dev/adopt': adopt === 'by-name' ? adopt : adopt.id };
  return NEEDS_ADOPTION.has(kind) ? { 'apikeeper.dev/mode': 'suspend' } : {};
}

function renderDocument(document: Renderable, namespace: string | undefined): string {
  const { spec, metadata, ...head } = toManifest(document, namespace);
  const place = document.source && ` (${document.source.file}:${document.source.line})`;
  const comments = [`${document.address}${place ?? ''}`, ...document.comments];
  const options = (document.options ?? []).map((line) => `  # ${oneLine(line)}\n`);
  const yaml = [
    yamlOf(head),
    yamlOf({ metadata }),
    ...decisions(document),
    yamlOf({ spec }),
    ...options,
  ];
  return [...comments.map((comment) => `# ${oneLine(comment)}\n`), ...yaml].join('');
}

/** A line that a person uncomments, right below the annotations. */
function decisions(document: Renderable): string[] {
  if (!document.manager) return [];
  const when =
    document.kind === 'KeyRequirement'
      ? 'uncomment to change an API that it goes on making'
      : 'uncomment to take it over';
  const annotation = `apikeeper.dev/adopt-from: ${oneLine(document.manager)}`;
  const isFirst = Object.keys(annotationsOf(document)).length === 0;
  return [
    isFirst
      ? `  # annotations: { ${annotation} }  # ${when}\n`
      : `    # ${annotation}  # ${when}\n`,
  ];
}

function yamlOf(value: object): string {
  return dump(value, { noRefs: true, lineWidth: -1 });
}

/** A name in a source may hold anything, a line break included, which would end the comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}
