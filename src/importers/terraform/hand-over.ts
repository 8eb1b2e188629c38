/** What makes Terraform let go without deleting. */
import { type Finding, finding } from '../common/model.ts';
import { type Resource, type Terraform, type Use, withoutKeys } from './resources.ts';
import type { StageDocuments } from './stages.ts';

/** Settings of methods go with the Stage document. A stage stays, since Terraform goes on deploying to it. */
const RELEASED = ['usage_plan_key', 'usage_plan', 'api_key', 'method_settings'] as const;

/** `removed` blocks in HCL, which take a resource with all of its instances; undefined where nothing is to be let go. */
export function removedBlocks(terraform: Terraform, stages: StageDocuments): string | undefined {
  const released = RELEASED.flatMap(terraform.ofType);
  const notes = stageNotes(terraform, stages);
  if (released.length === 0 && notes.length === 0) return undefined;
  const addresses = [...new Set(released.map(({ address }) => withoutKeys(address)))];
  return [
    ...(addresses.length > 0
      ? [
          '# Terraform 1.7 and later: take the resources out of the configuration, and add these blocks, in one change.',
        ]
      : []),
    ...(addresses.length > 0
      ? [
          '# The plan must say "will no longer be managed by Terraform" of each, and destroy nothing.',
        ]
      : []),
    ...addresses.flatMap((from) => [
      'removed {',
      `  from = ${from}`,
      '  lifecycle {',
      '    destroy = false',
      '  }',
      '}',
      '',
    ]),
    ...stateCommands(released),
    ...notes,
  ].join('\n');
}

function stateCommands(released: readonly Resource[]): string[] {
  if (released.length === 0) return [];
  return [
    '# Before Terraform 1.7, or for some instances of a resource only: take them out of the configuration (of count or for_each',
    '# as well, or the next apply makes a second key of the same name) and out of the state, in one change:',
    ...released.map(
      ({ address }) => `#   terraform state rm '${address.replaceAll("'", String.raw`'\''`)}'`,
    ),
    '',
  ];
}

/** By the field of a Stage document: what the provider calls it. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  variables: ['variables'],
  description: ['description'],
  accessLog: ['access_log_settings'],
  tracingEnabled: ['xray_tracing_enabled'],
  cacheCluster: ['cache_cluster_enabled', 'cache_cluster_size'],
  clientCertificateId: ['client_certificate_id'],
  tags: ['tags'],
};

/** Each resource once, with the settings that any of its documents names. */
function stageNotes(terraform: Terraform, documents: StageDocuments): string[] {
  const owned = new Set(terraform.ofType('stage').map(({ address }) => address));
  const stages = Map.groupBy(
    [...documents.values()].filter(({ address }) => owned.has(address)),
    ({ address }) => withoutKeys(address),
  );
  return [...stages].flatMap(([address, group]) => {
    const ignored = new Set(
      group.flatMap(({ spec }) => Object.keys(spec).flatMap((field) => ARGUMENTS[field] ?? [])),
    );
    if (ignored.size === 0) return [];
    return [
      `# ${address} stays, since Terraform goes on deploying to it. It must leave alone what the manifest names; add to it:`,
      '#   lifecycle {',
      `#     ignore_changes = [${[...ignored].join(', ')}]`,
      '#   }',
      '',
    ];
  });
}

/** What else in Terraform uses what is let go: a reference to something that isn't declared any more is an error. */
export function stillReferenced(terraform: Terraform, uses: readonly Use[]): Finding[] {
  const released = new Set(
    RELEASED.flatMap(terraform.ofType).map(({ address }) => withoutKeys(address)),
  );
  return uses.flatMap(({ by, of, at }) => {
    const used = [...new Set(of)].filter((address) => released.has(address));
    if (used.length === 0 || released.has(by)) return [];
    const message = `${by} refers to ${used.join(', ')}, which is to leave Terraform; before that, give it a data source, or the id as text`;
    return [finding('STILL_REFERENCED', at, message)];
  });
}
