/** Terraform's sources as tests give them, and those that have a golden file (`scripts/golden-importers.ts`). */
import { fileURLToPath } from 'node:url';
import type { FindingCode, Imported } from '../../src/importers/common/model.ts';
import { readTerraformDirectory, readTerraformInput } from '../../src/importers/terraform/files.ts';
import { importTerraform } from '../../src/importers/terraform/terraform.ts';
import { renderManifests } from '../../src/manifest-writer/render.ts';
import { findingText } from './cases.ts';

type Variables = Readonly<Record<string, string>>;

/** Files by their paths, such as `modules/key/main.tf`; those of the first directory have none. */
export function terraform(
  files: Readonly<Record<string, string>>,
  variables: Variables = {},
): Promise<Imported> {
  const read = async (directory: string) =>
    Object.entries(files).flatMap(([path, text]) => {
      const slash = path.lastIndexOf('/');
      return (slash === -1 ? '.' : path.slice(0, slash)) === directory
        ? [{ file: path, text }]
        : [];
    });
  return read('.').then((texts) =>
    importTerraform({ path: '.', directory: '.', texts }, { variables, read }),
  );
}

/** One file, as `apikeeper import terraform FILE` reads it. */
export function terraformFile(file: string, text: string): Promise<Imported> {
  return importTerraform(
    { path: file, directory: '.', texts: [{ file, text }] },
    { variables: {}, read: async () => [] },
  );
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`fixtures/terraform/${name}`, import.meta.url));
}

/** Paths are cut to what doesn't depend on where the tests are. */
async function ofFixture(name: string, variables: Variables = {}): Promise<Imported> {
  const imported = await importTerraform(await readTerraformInput(fixturePath(name)), {
    variables,
    read: readTerraformDirectory,
  });
  return JSON.parse(JSON.stringify(imported).replaceAll(fixturePath(''), '')) as Imported;
}

export const TERRAFORM_CASES: Readonly<Record<string, () => Promise<Imported>>> = {
  'terraform state': () => ofFixture('library.tfstate'),
  'terraform files': () => ofFixture('catalogue', { environment: 'production' }),
  'terraform files, variables unknown': () => ofFixture('catalogue'),
};

export function codesOf({ findings }: Imported): FindingCode[] {
  return [...new Set(findings.map(({ code }) => code))].toSorted();
}

/** Everything that anybody gets to see. */
export function everything(imported: Imported): string {
  return [
    JSON.stringify(imported),
    renderManifests(imported),
    ...imported.findings.map(findingText),
    imported.handOver ?? '',
  ].join('\n');
}
