/** Objects without the fields that have no value, for types whose fields are optional. */

/** `T` with each field that may be `undefined` made optional, and never `undefined`. */
export type Compact<T extends object> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out every field whose value is `undefined`; `null`, `false`, `0` and `""` stay. */
export function compact<const T extends object>(object: T): Compact<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as Compact<T>;
}
