import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A directory of a test's own, removed with it. */
export interface Workspace extends AsyncDisposable {
  readonly path: string;
  write(file: string, text: string | Uint8Array): Promise<void>;
  /** Writes as careful editors do: a reader sees the old text or the new one, never half of it. */
  replace(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Publishes a link as git-sync and the kubelet do: made aside, then renamed over the old one. */
  publish(link: string, target: string): Promise<void>;
}

export async function createWorkspace(
  files: Readonly<Record<string, string>> = {},
): Promise<Workspace> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'manifests-')));
  const workspace: Workspace = {
    path,
    async write(file, text) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), text);
    },
    async replace(file, text) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      const aside = join(path, `.${basename(file)}.new`);
      await writeFile(aside, text);
      await rename(aside, join(path, file));
    },
    remove: (file) => rm(join(path, file)),
    async publish(link, target) {
      await symlink(target, join(path, `${link}.new`));
      await rename(join(path, `${link}.new`), join(path, link));
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
  for (const [file, text] of Object.entries(files)) await workspace.write(file, text);
  return workspace;
}

/** A document as YAML (which JSON is). */
export function yaml(kind: string, name: string, spec: object = {}, metadata: object = {}): string {
  return `${JSON.stringify({ apiVersion: 'apikeeper.dev/v1', kind, metadata: { name, ...metadata }, spec })}\n`;
}

/** Documents in one file. */
export function stream(...documents: readonly string[]): string {
  return documents.map((document) => `---\n${document}`).join('');
}
