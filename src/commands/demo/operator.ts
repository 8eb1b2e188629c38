/** Somebody at the console: what the demo does to the emulated API Gateway behind apikeeper's back, over plain HTTP. */

/** An object as the REST API shows it; only what is used here. */
interface Shown {
  readonly id: string;
  readonly name?: string;
  readonly apiStages?: readonly { readonly apiId: string; readonly stage: string }[];
}

/** A change by hand, of an object that is there: what it is, and how somebody would type it. */
export interface ManualChange {
  readonly kind: 'ApiKey' | 'UsagePlan' | 'KeyRequirement';
  readonly name: string;
  readonly text: string;
  readonly typed: string;
  readonly act: () => Promise<unknown>;
}

export type Operator = ReturnType<typeof createOperator>;

export function createOperator(url: string) {
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function find(
    collection: 'apikeys' | 'usageplans',
    name: string,
  ): Promise<Shown | undefined> {
    const { item } = (await call('GET', `/${collection}?limit=500`)) as {
      readonly item: readonly Shown[];
    };
    return item.find((one) => one.name === name);
  }

  async function findResource(
    api: string,
    path: string,
  ): Promise<{ readonly apiId: string; readonly id: string } | undefined> {
    const { item: apis } = (await call('GET', '/restapis')) as { readonly item: readonly Shown[] };
    const apiId = apis.find(({ name }) => name === api)?.id;
    if (apiId === undefined) return undefined;
    const { item } = (await call('GET', `/restapis/${apiId}/resources`)) as {
      readonly item: readonly (Shown & { readonly path: string })[];
    };
    const id = item.find((one) => one.path === path)?.id;
    return id === undefined ? undefined : { apiId, id };
  }

  const patch = (path: string, ...patchOperations: readonly object[]) =>
    call('PATCH', path, { patchOperations });

  return {
    /** `residents-api`: three methods that want a key, one that doesn't, and a deployment; no stage, no key, no plan. */
    async buildApi(): Promise<void> {
      const { id } = (await call('POST', '/restapis', { name: 'residents-api' })) as Shown;
      const resources = (await call('GET', `/restapis/${id}/resources`)) as {
        readonly item: readonly Shown[];
      };
      const root = resources.item[0]?.id ?? '';
      const add = async (parent: string, pathPart: string) =>
        ((await call('POST', `/restapis/${id}/resources/${parent}`, { pathPart })) as Shown).id;
      const residents = await add(root, 'residents');
      const resident = await add(residents, '{id}');
      const health = await add(root, 'health');
      for (const [resource, method, apiKeyRequired] of [
        [residents, 'GET', true],
        [resident, 'GET', true],
        [resident, 'PATCH', true],
        [health, 'GET', false],
      ] as const) {
        await call('PUT', `/restapis/${id}/resources/${resource}/methods/${method}`, {
          authorizationType: 'NONE',
          apiKeyRequired,
        });
      }
      await call('POST', `/restapis/${id}/deployments`, {});
    },

    async disableKey(name: string): Promise<ManualChange | undefined> {
      const found = await find('apikeys', name);
      if (!found) return undefined;
      const { id } = found;
      return {
        kind: 'ApiKey',
        name,
        text: `disables the key ${name}`,
        typed: `aws apigateway update-api-key --api-key ${id} --patch-operations op=replace,path=/enabled,value=false`,
        act: () => patch(`/apikeys/${id}`, { op: 'replace', path: '/enabled', value: 'false' }),
      };
    },

    async raiseLimit(name: string): Promise<ManualChange | undefined> {
      const found = await find('usageplans', name);
      if (!found) return undefined;
      const { id } = found;
      return {
        kind: 'UsagePlan',
        name,
        text: `raises the rate limit of ${name} to 5000 per second`,
        typed: `aws apigateway update-usage-plan --usage-plan-id ${id} --patch-operations op=replace,path=/throttle/rateLimit,value=5000`,
        act: () =>
          patch(`/usageplans/${id}`, { op: 'replace', path: '/throttle/rateLimit', value: '5000' }),
      };
    },

    /** `name` is the document's. */
    async openMethod(name: string, api: string, path: string): Promise<ManualChange | undefined> {
      const found = await findResource(api, path);
      if (!found) return undefined;
      const { apiId, id } = found;
      return {
        kind: 'KeyRequirement',
        name,
        text: `opens GET ${path} of ${api} to everybody`,
        typed: `aws apigateway update-method --rest-api-id ${apiId} --resource-id ${id} --http-method GET --patch-operations op=replace,path=/apiKeyRequired,value=false`,
        act: () =>
          patch(`/restapis/${apiId}/resources/${id}/methods/GET`, {
            op: 'replace',
            path: '/apiKeyRequired',
            value: 'false',
          }),
      };
    },

    async deletePlan(name: string): Promise<ManualChange | undefined> {
      const found = await find('usageplans', name);
      if (!found) return undefined;
      const { id, apiStages = [] } = found;
      const detach = apiStages.map(({ apiId, stage }) => ({
        op: 'remove',
        path: '/apiStages',
        value: `${apiId}:${stage}`,
      }));
      return {
        kind: 'UsagePlan',
        name,
        text: `deletes the usage plan ${name}`,
        typed: `aws apigateway delete-usage-plan --usage-plan-id ${id}`,
        act: async () => {
          await patch(`/usageplans/${id}`, ...detach);
          await call('DELETE', `/usageplans/${id}`);
        },
      };
    },
  };
}
