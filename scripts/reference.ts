/** The reference pages, made from what the program itself reads: schemas, flags and events; and the policy of the example manifests. `npm run docs` writes them; a test holds them current. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagReference } from '../src/commands/reference.ts';
import { iamPolicy } from '../src/core/iam/policy.ts';
import { EVENTS } from '../src/core/model/events.ts';
import { WARNINGS } from '../src/core/model/warning.ts';
import { CODES } from '../src/importers/common/codes.ts';
import { load } from '../src/manifests/load.ts';
import { renderPolicy } from '../src/report/json.ts';

const SCHEMAS = 'schemas';
const MADE = '<!-- Made by `npm run docs`. -->\n\n';

interface Node {
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly required?: readonly string[];
  readonly 'x-allowed'?: string;
  readonly 'x-apikeeper'?: {
    readonly merge?: string;
    readonly role?: string;
    readonly immutable?: boolean;
  };
}

/** Every page: its path below the repository's root, and its text. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const files = readdirSync(SCHEMAS).filter((file) => file.endsWith('.schema.json'));
  const schemas = new Map(
    files.map((file) => [file, JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')) as Node]),
  );
  const kinds = [...schemas].filter(
    ([, schema]) => schema.properties?.spec && schema.properties.kind,
  );
  const pages = new Map<string, string>();
  for (const [file, schema] of kinds)
    pages.set(
      `docs/reference/${file.replace('.schema.json', '.md')}`,
      kindPage(file, schema, schemas),
    );
  pages.set(
    'docs/reference/flags.md',
    `${MADE}# Flags and variables\n\nA flag outranks its variable, which outranks the Target.\n\n${flagReference()}`,
  );
  pages.set('docs/reference/events.md', `${MADE}${eventsPage()}`);
  pages.set('docs/reference/warnings.md', `${MADE}${warningsPage()}`);
  pages.set('docs/reference/findings.md', `${MADE}${findingsPage()}`);
  pages.set(
    'docs/aws.md',
    withSection(readFileSync('docs/aws.md', 'utf8'), 'policy', await examplePolicy()),
  );
  return pages;
}

async function examplePolicy(): Promise<string> {
  const { targets, desired } = await load('manifests');
  const [target] = targets;
  if (!target) throw new Error('the example manifests have no target');
  const policy = { unsetMode: 'enforce', prune: target.prune } as const;
  const made = iamPolicy({
    target,
    region: 'eu-west-2',
    desired,
    policy,
    secretsPrefix: 'apikeeper/',
    apiIds: new Map([['residents-api', 'a1b2c3d4e5']]),
  });
  return `\`\`\`json\n${renderPolicy(made.policy)}\`\`\``;
}

/** What stands between the marks of a section is replaced. */
function withSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: written by npm run docs -->`, `<!-- end of ${name} -->`];
  const [before, rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (after === undefined) throw new Error(`no section is called ${name}`);
  return `${before}${begin}\n\n${text}\n\n${end}${after}`;
}

function kindPage(file: string, schema: Node, schemas: ReadonlyMap<string, Node>): string {
  const spec = schema.properties?.spec ?? {};
  const rows = fields(spec, '', schemas);
  return `${MADE}# ${schema.title}\n\n${schema.description ?? ''}\n\nSchema: [\`schemas/${file}\`](../../schemas/${file})\n\n| field of \`spec\` | type | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

function fields(node: Node, prefix: string, schemas: ReadonlyMap<string, Node>): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, given]) => {
    const field = resolved(given, schemas);
    if (field.description === undefined && field.type === undefined) return [];
    const path = `${prefix}${name}`;
    const required = node.required?.includes(name) ? ' (required)' : '';
    const fallback =
      field.default === undefined || field.default === null
        ? ''
        : code(JSON.stringify(field.default));
    const [, other] = /^([a-z-]+)\.schema\.json#\/properties\/spec/.exec(given.$ref ?? '') ?? [];
    // What another kind has too is explained there, with all that is below it.
    const there = other
      ? ` As of [${schemas.get(`${other}.schema.json`)?.title}](${other}.md).`
      : '';
    const row = `| \`${path}\`${required} | ${typeOf(field)} | ${fallback} | ${cell(meaning(field))}${there} |`;
    if (other) return [row];
    const inner = field.items
      ? fields(resolved(field.items, schemas), `${path}[].`, schemas)
      : fields(field, `${path}.`, schemas);
    return [row, ...inner];
  });
}

function resolved(node: Node, schemas: ReadonlyMap<string, Node>): Node {
  if (!node.$ref) return node;
  const [file = '', pointer = ''] = node.$ref.split('#/');
  // Only the shared shapes refer to one another without naming their file.
  let found: unknown = schemas.get(file || 'common.schema.json');
  for (const name of pointer.split('/'))
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[name.replaceAll('~1', '/')];
  if (!found) throw new Error(`no schema is at ${node.$ref}`);
  const { $ref: _, ...own } = node;
  return { ...resolved(found as Node, schemas), ...own };
}

function typeOf(field: Node): string {
  if (field.enum) return field.enum.map((value) => code(String(value))).join(', ');
  if (field.const !== undefined) return code(String(field.const));
  const type =
    typeof field.type === 'string' ? field.type : (field.type?.join(' or ') ?? 'see schema');
  return cell(type);
}

function meaning(field: Node): string {
  const allowed = field['x-allowed'] ? ` Allowed: ${field['x-allowed']}.` : '';
  return `${field.description ?? ''}${allowed}`;
}

function eventsPage(): string {
  const rows = Object.entries(EVENTS).map(
    ([name, { level, message }]) => `| \`${name}\` | ${level} | ${message} |`,
  );
  return `# Events\n\nEvery log line is one of these. \`msg\` is constant; what it is about is in the fields.\n\n| event | level | msg |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function warningsPage(): string {
  const rows = Object.entries(WARNINGS).map(
    ([name, { severity, meaning }]) => `| \`${name}\` | ${severity} | ${cell(meaning)} |`,
  );
  return `# Warnings\n\nWhat is valid, and blocks callers or protects nothing all the same: from manifests alone (\`apikeeper validate\`), and from what is live (\`warnings\` of a report). Nothing is concluded from what is not known. With \`validate --strict\` a warning makes the exit code 1, an info does not.\n\n| code | severity | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function findingsPage(): string {
  const rows = Object.entries(CODES).map(
    ([name, { severity, meaning }]) => `| \`${name}\` | ${severity} | ${cell(meaning)} |`,
  );
  return `# Findings of import\n\nWhat \`apikeeper import\` could not put into manifests, or what a person must know. An error means that something is missing from them, and makes the exit code 1.\n\n| code | severity | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
