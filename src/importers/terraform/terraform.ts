/** `import terraform`: a state, what `terraform show -json` prints, or Terraform's own files. */

import { compact } from '../../core/model/compact.ts';
import { createNames } from '../../manifest-writer/names.ts';
import { meantSource } from '../common/detect-source.ts';
import { type Finding, finding, type Imported, type Translated } from '../common/model.ts';
import { withoutSecrets } from '../common/secrets.ts';
import { readSource } from '../common/source.ts';
import { validateAndSort } from '../common/validate-and-sort.ts';
import { type HclOptions, readDeclarations } from './declared.ts';
import { removedBlocks, stillReferenced } from './hand-over.ts';
import type { SourceText } from './load.ts';
import { translateMethods } from './methods.ts';
import { createTerraform, type Declarations } from './resources.ts';
import { translateStages } from './stages.ts';
import { readState } from './state.ts';
import { warnOfPlaces } from './tags.ts';
import { translateKeys, translatePlans } from './usage-plans.ts';

/** What was asked for: a file alone, or the files of a directory. */
export interface TerraformInput {
  /** As it is to be shown. */
  readonly path: string;
  /** Where the sources of modules begin. */
  readonly directory: string;
  readonly texts: readonly SourceText[];
}

/** A state is exact, with ids; files are what somebody meant to deploy. */
export async function importTerraform(
  input: TerraformInput,
  options: HclOptions,
): Promise<Imported> {
  const declarations = await declarationsOf(input, options);
  if ('code' in declarations) return { documents: [], findings: [declarations] };
  const { secrets } = declarations;
  return {
    ...validateAndSort(withoutSecrets(translate(declarations), secrets), {
      file: input.path,
      line: 1,
    }),
    secrets,
  };
}

async function declarationsOf(
  { path, directory, texts }: TerraformInput,
  options: HclOptions,
): Promise<Declarations | Finding> {
  const [only, ...others] = texts;
  if (!only) {
    return finding(
      'UNREADABLE',
      { file: path, line: 1 },
      'there is no file of Terraform in the directory: *.tf or *.tf.json; name a state file itself',
    );
  }
  const start = { file: only.file, line: 1 };
  if (others.length > 0 || !isOther(only)) return readDeclarations(directory, texts, options);
  if (only.text.startsWith('PK')) {
    const message =
      'a plan in the form that Terraform keeps it: give what terraform show -json prints of it, or better the state';
    return finding('UNSUPPORTED_SOURCE', start, message);
  }
  const source = readSource(only.file, only.text);
  if ('code' in source) return source;
  const way =
    meantSource(source.value) ||
    ': give one of these (terraform state pull, terraform show -json), or *.tf';
  const message = `neither a state nor what terraform show -json prints${way}`;
  return readState(source) ?? finding('UNSUPPORTED_SOURCE', start, message);
}

/** Whether a file is none of Terraform's own, but a state or a plan. Their names may be anything. */
function isOther({ file, text }: SourceText): boolean {
  return !/\.(tf|tofu|tfvars)(\.json)?$/.test(file) && /^(\uFEFF?\s*\{|PK)/.test(text);
}

function translate({ declared, secrets, findings, uses }: Declarations): Translated {
  const terraform = createTerraform(declared, createNames(), secrets);
  const stages = translateStages(terraform);
  const keys = translateKeys(terraform);
  const documents = [
    ...stages.values(),
    ...keys.values(),
    ...translatePlans(terraform, keys, stages),
  ];
  const requirements = translateMethods(terraform);
  warnOfPlaces(terraform);
  const all = [...findings, ...terraform.findings, ...stillReferenced(terraform, uses)];
  const handOver = removedBlocks(terraform, stages);
  return compact({ documents, findings: all, requirements, handOver });
}
