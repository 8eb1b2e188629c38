/** The two stores from which pinned values may come, and the fence around what may be read there. */

export type SecretStore = 'secretsManager' | 'ssm';

/** Parameters in a hierarchy begin with a slash, secrets need not: there a name with one is another name. */
export function isInside(store: SecretStore, name: string, prefix: string): boolean {
  if (store !== 'ssm') return name.startsWith(prefix);
  return withoutSlash(name).startsWith(withoutSlash(prefix));
}

/** A parameter's name as its ARN has it. */
export function withoutSlash(name: string): string {
  return name.replace(/^\//, '');
}
