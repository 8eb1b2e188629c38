/** Key values in sources. Only where a value comes from leaves this file, never the value. */
import type { Json } from '../../core/model/model.ts';
import { valueReference } from '../../manifest-writer/names.ts';
import { type Finding, finding, type Position } from './model.ts';

/** Where a source has a key's value from: written in it, in a secret store, or given by somebody when it is deployed. */
export type ValueOrigin =
  | { readonly kind: 'literal' }
  | {
      readonly kind: 'secret';
      readonly reference: { readonly secretsManager: string } | { readonly ssm: string };
    }
  | { readonly kind: 'elsewhere'; readonly where: string };

/** What becomes of it: `spec.value` where it can be said, and what a person must know. `document` is the key's document. */
export function translateValue(
  origin: ValueOrigin,
  document: string,
  at: Position,
): { spec: { value?: Json }; findings: Finding[] } {
  const what = `ApiKey ${document}`;
  const keeps = 'an adopted key keeps the value that it has, so value may as well be removed';
  switch (origin.kind) {
    case 'literal': {
      const value = valueReference(document);
      const message = `${what}: its value is written here (and not shown): whoever reads the repository can use it, so rotate the key; the manifest reads ${value.fromEnv} instead, and ${keeps}`;
      return { spec: { value }, findings: [finding('VALUE_IN_SOURCE', at, message)] };
    }
    case 'secret': {
      const [[store = '', name = ''] = []] = Object.entries(origin.reference);
      const message = `${what}: its value comes from ${store} ${name}; apikeeper reads it only if --values-secrets covers that name; ${keeps}`;
      return {
        spec: { value: origin.reference },
        findings: [finding('VALUE_FROM_SECRET', at, message)],
      };
    }
    case 'elsewhere': {
      const message = `${what}: its value comes from ${origin.where}; an adopted key keeps the value that it has; to make the key elsewhere with that value, add value: { fromEnv: ${valueReference(document).fromEnv} }`;
      return { spec: {}, findings: [finding('VALUE_FROM_SECRET', at, message)] };
    }
  }
}

/** A dynamic reference of CloudFormation, `{{resolve:ssm:/acme/key}}`; undefined where the text is none. */
export function dynamicReference(text: string): ValueOrigin | undefined {
  const [, service = '', rest = ''] = /^\{\{resolve:([a-z-]+):(.*)\}\}$/s.exec(text.trim()) ?? [];
  if (service === '')
    return text.includes('{{resolve:')
      ? { kind: 'elsewhere', where: 'a text with a dynamic reference in it' }
      : undefined;
  const [name = '', , jsonKey = ''] = rest.split(':');
  // Of an ARN the parts are divided by colons too; of a JSON secret only a part is the value.
  const isWhole = !rest.startsWith('arn:') && jsonKey === '';
  if (service === 'secretsmanager' && isWhole)
    return { kind: 'secret', reference: { secretsManager: name } };
  if (service.startsWith('ssm')) return { kind: 'secret', reference: { ssm: name } };
  return {
    kind: 'elsewhere',
    where: `${service} ${rest.startsWith('arn:') ? 'by ARN' : name}, of which a manifest can't name the part`,
  };
}
