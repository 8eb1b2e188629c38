/** What a Consumer expands to stands together, under the Consumer. */
import type { Source } from '../core/model/model.ts';
import type { ReportObject, TargetReport } from '../core/model/report.ts';

export interface ConsumerGroup {
  /** Undefined: the object stands for itself. */
  readonly consumer?: { readonly name: string; readonly source?: Source };
  readonly objects: readonly ReportObject[];
}

/** The given objects of a target, those of a Consumer where its first one is. */
export function groupByConsumer(
  objects: readonly ReportObject[],
  target: TargetReport,
): ConsumerGroup[] {
  const folds = Map.groupBy(objects, (object) => object.consumer ?? object);
  return [...folds].map(([by, own]) =>
    typeof by === 'string'
      ? { consumer: { name: by, ...placeOf(by, target) }, objects: own }
      : { objects: own },
  );
}

/** A Consumer's document begins where its key is said to be written: before all else. */
function placeOf(consumer: string, { objects }: TargetReport): { readonly source?: Source } {
  const sources = objects.flatMap((object) =>
    object.consumer === consumer && object.source ? [object.source] : [],
  );
  const [source] = sources.toSorted((a, b) => a.line - b.line);
  return source ? { source } : {};
}
