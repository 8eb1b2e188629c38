/** An export as text: one stream, or a file per API, plan, consumer or key. The same account always makes the same text. */
import { renderManifests } from '../manifest-writer/render.ts';
import type { ExportedDocument } from './model.ts';

/** By path, below the directory; both in order. */
export function filesOf(
  documents: readonly ExportedDocument[],
  head: string,
  namespace?: string,
): ReadonlyMap<string, string> {
  const groups = Map.groupBy(documents, ({ file }) => file);
  return new Map([...groups].map(([file, group]) => [file, streamOf(group, head, namespace)]));
}

export function streamOf(
  documents: readonly ExportedDocument[],
  head: string,
  namespace?: string,
): string {
  return `# ${head}\n${renderManifests({ documents }, namespace)}`;
}
