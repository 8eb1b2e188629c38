/**
 * Methods as keys of maps. In a spec a method is `GET /residents/{id}`, and `* /*` stands for all of them.
 * The service writes `~1residents~1{id}/GET` in method settings, `/residents/{id}/GET` in a plan's throttles, and gives back whatever it was sent
 * (docs/api-gateway-facts.md#f13).
 */

import { ALL_METHODS } from '../core/model/model.ts';

const ALL_METHODS_SETTING = '*/*';

/** A key as it came from the service, in any of its spellings. */
export function readMethodKey(raw: string): string {
  if (raw === ALL_METHODS_SETTING) return ALL_METHODS;
  const cut = raw.lastIndexOf('/');
  const path = raw.slice(0, cut).replaceAll('~1', '/').replaceAll('~0', '~');
  return `${raw.slice(cut + 1)} /${path.replace(/^\/+/, '')}`;
}

function split(key: string): { readonly method: string; readonly path: string } {
  const cut = key.indexOf(' ');
  return { method: key.slice(0, cut), path: key.slice(cut + 1) };
}

/** The key of a method setting, escaped with a leading `~1`: unescaped nested paths are taken and do nothing (TF#9738). */
export function settingKey(key: string): string {
  if (key === ALL_METHODS) return ALL_METHODS_SETTING;
  const { method, path } = split(key);
  return `${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`;
}

/** The key of a throttle in a plan: the path as it is, then the method; of the root `//GET`. */
export function throttleKey(key: string): string {
  const { method, path } = split(key);
  return `${path}/${method}`;
}
