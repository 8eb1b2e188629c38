/** Where pinned key values come from, fenced: a manifest must not be able to read the controller's own secrets (docs/contract.md#safety). */
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isMap } from '../../core/model/json.ts';
import type { Json } from '../../core/model/model.ts';
import { isInside } from '../../core/model/secret-names.ts';
import type { SecretReader } from '../../gateway/secrets.ts';

export interface AllowedSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `fromEnv` reads only names that begin with it. */
  readonly envPrefix: string;
  /** `fromFile` reads only below it; undefined: not at all. */
  readonly dir?: string;
  /** `secretsManager` and `ssm` read only names that begin with it; for `ssm` a leading slash, of name or prefix, makes no difference. */
  readonly secretsPrefix: string;
  readonly secrets: SecretReader;
}

/** The value, or why it can't be had; the text never holds a part of it. */
export type Value = { readonly value: string } | { readonly unreadable: string };

const LENGTH = { least: 20, most: 128 };

/** Reads the value that a key's `spec.value` speaks of. */
export async function readValue(source: Json | undefined, fences: AllowedSources): Promise<Value> {
  const [kind = '', name = ''] = isMap(source) ? (Object.entries(source)[0] ?? []) : [];
  const found = await read(kind, String(name), fences);
  if ('unreadable' in found) return found;
  const { length } = found.value;
  if (length < LENGTH.least || length > LENGTH.most) {
    return {
      unreadable: `the value from ${kind} ${name} has ${length} characters; API Gateway takes ${LENGTH.least} to ${LENGTH.most}`,
    };
  }
  return found;
}

async function read(kind: string, name: string, fences: AllowedSources): Promise<Value> {
  switch (kind) {
    case 'fromEnv':
      return fromEnv(name, fences);
    case 'fromFile':
      return fromFile(name, fences);
    default:
      return fromSecret(kind as keyof SecretReader, name, fences);
  }
}

function fromEnv(name: string, { env, envPrefix }: AllowedSources): Value {
  if (!name.startsWith(envPrefix)) {
    return {
      unreadable: `fromEnv may read only variables that begin with ${envPrefix}, and ${name} does not: rename it, or start apikeeper with another --values-env-prefix`,
    };
  }
  const value = env[name];
  return value
    ? { value }
    : { unreadable: `the environment variable ${name} is not set where apikeeper runs` };
}

/** Below the directory, and nowhere else, whatever symbolic links say. */
async function fromFile(name: string, { dir }: AllowedSources): Promise<Value> {
  if (dir === undefined)
    return { unreadable: `fromFile ${name} can't be read: start apikeeper with --values-dir` };
  try {
    const root = await realpath(dir);
    const path = await realpath(join(root, name));
    if (!path.startsWith(root + sep)) return { unreadable: `fromFile ${name} leads out of ${dir}` };
    return { value: (await readFile(path, 'utf8')).replace(/\r?\n$/, '') };
  } catch (error) {
    return {
      unreadable: `fromFile ${name} can't be read below ${dir}: ${(error as NodeJS.ErrnoException).code ?? 'error'}`,
    };
  }
}

/** What reading takes, per store. */
const RIGHTS: Readonly<Record<keyof SecretReader, string>> = {
  secretsManager: 'secretsmanager:GetSecretValue',
  ssm: 'ssm:GetParameter',
};

async function fromSecret(
  kind: keyof SecretReader,
  name: string,
  { secretsPrefix, secrets }: AllowedSources,
): Promise<Value> {
  if (!isInside(kind, name, secretsPrefix)) {
    return {
      unreadable: `${kind} may read only names that begin with ${secretsPrefix}, and ${name} does not: rename it, or start apikeeper with another --values-secrets`,
    };
  }
  try {
    const value = await secrets[kind](name);
    if (value === undefined)
      return { unreadable: `${kind} ${name} holds no text: store the value as text, not as bytes` };
    return { value };
  } catch (error) {
    const { code, name: type = 'error' } = error as { code?: unknown; name?: string };
    return {
      unreadable: `${kind} ${name} can't be read: ${code ?? type}. It must exist in the Target's account and region, and the Target's credentials need ${RIGHTS[kind]} on it`,
    };
  }
}
