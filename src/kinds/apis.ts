/** REST APIs are referred to by id or by name, and never made or deleted. */
import { GetRestApiCommand, type RestApi } from '@aws-sdk/client-api-gateway';
import { compareText } from '../core/model/json.ts';
import type { Api } from '../core/model/model.ts';
import { listRestApis } from '../gateway/paginate.ts';
import type { Send } from '../gateway/send.ts';
import { unlessGone } from './live.ts';

/** All REST APIs of the account and region. Names are not unique. */
export async function listApis(send: Send): Promise<readonly Api[]> {
  const apis = await listRestApis(send);
  return apis.map(toApi).toSorted((a, b) => compareText(a.id, b.id));
}

/** One of them; undefined where it is gone. */
export async function readApi(send: Send, id: string): Promise<Api | undefined> {
  const api = await unlessGone(send(new GetRestApiCommand({ restApiId: id })));
  return api && toApi(api);
}

function toApi({ id = '', name = '', apiKeySource = 'HEADER', tags = {} }: RestApi): Api {
  return { id, name, apiKeySource, tags };
}
