/** REST APIs are referred to by id or by name, and never managed. */
import type { Api } from '../core/model.ts';
import { byText } from '../core/values.ts';
import { listRestApis } from '../gateway/pages.ts';
import type { Send } from '../gateway/send.ts';

/** All REST APIs of the account and region. Names are not unique. */
export async function listApis(send: Send): Promise<readonly Api[]> {
  const apis = await listRestApis(send);
  return apis.map(({ id = '', name = '' }) => ({ id, name })).toSorted((a, b) => byText(a.id, b.id));
}
