import type { ApiKeyIds, ImportApiKeysRequest } from '@aws-sdk/client-api-gateway';
import { addApiKey, checkDescription, checkName, findByValue } from './api-keys.ts';
import type { Context, Operation } from './context.ts';
import { badRequest, ServiceError } from './errors.ts';
import type { ApiKey } from './state.ts';
import { attach } from './usage-plan-keys.ts';

interface Row {
  readonly name: string;
  readonly value: string;
  readonly description: string | undefined;
  readonly enabled: boolean;
  readonly usagePlanIds: readonly string[];
}

/**
 * Makes the keys that are missing, overwrites name, description and enabled of those whose value exists, and puts them into the plans named [DG:api-key-file-format].
 * A plan that a row no longer names keeps the key (UNCONFIRMED). A row that fails is a warning, or with `failOnWarnings` ends the call, which then changes nothing.
 */
export const importApiKeys: Operation<ImportApiKeysRequest, ApiKeyIds> = (
  { body, format, failOnWarnings },
  context,
) => {
  if (format !== 'csv')
    throw badRequest(`Invalid format ${format} specified. Must be one of: [csv]`);
  const rows = readRows(body as unknown as string);
  if (!failOnWarnings) return importRows(rows, context);
  const draft = structuredClone(context.state);
  const result = importRows(rows, { ...context, state: draft });
  if (result.warnings.length > 0)
    throw badRequest(`API keys were not imported: ${result.warnings.join('; ')}`);
  Object.assign(context.state, draft);
  return result;
};

function importRows(rows: readonly Row[], context: Context): { ids: string[]; warnings: string[] } {
  const ids: string[] = [];
  const warnings: string[] = [];
  const attempt = (line: number, action: () => void) => {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      warnings.push(`Row ${line}: ${error.message}`);
    }
  };
  rows.forEach((row, index) => {
    attempt(index + 1, () => {
      const { id } = importKey(row, context);
      ids.push(id);
      for (const plan of row.usagePlanIds) {
        if (!context.state.planKeys.get(plan)?.has(id))
          attempt(index + 1, () => attach(context.state, plan, id));
      }
    });
  });
  return { ids, warnings };
}

function importKey({ name, value, description, enabled }: Row, context: Context): ApiKey {
  const existing = findByValue(context.state, value);
  if (!existing) return addApiKey(context, { name, value, description, enabled });
  const key = {
    ...existing,
    name: checkName(name),
    description: checkDescription(description),
    enabled,
    lastUpdatedDate: new Date(context.now),
  };
  context.state.apiKeys.set(key.id, key);
  return key;
}

function readRows(csv: string): Row[] {
  const [header, ...lines] = parseCsv(csv);
  const columns = header?.map((name) => name.trim().toLowerCase()) ?? [];
  if (!columns.includes('name') || !columns.includes('key'))
    throw badRequest('The file header must contain the columns Name and Key');
  return lines.map((fields) => {
    const field = (name: string) => fields[columns.indexOf(name)]?.trim() ?? '';
    return {
      name: field('name'),
      value: field('key'),
      description: columns.includes('description') ? field('description') : undefined,
      enabled: field('enabled') === '' || field('enabled').toLowerCase() === 'true',
      usagePlanIds: field('usageplanids')
        .split(',')
        .map((id) => id.trim())
        .filter(Boolean),
    };
  });
}

/** RFC 4180: fields in double quotes may hold commas, line ends and doubled quotes. Blank lines are left out. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(
    /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g,
  )) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === ',') continue;
    if (row.some((field) => field !== '')) rows.push(row);
    row = [];
  }
  return rows;
}
