import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Suite } from '../view';
import { namesOf } from '../view';
import { pointWords } from './format';
import { useTrans } from './trans';
import { kindWords } from './words';

interface SuiteChoiceProps {
  readonly suites: readonly Suite[];
  /** Names of the suites and points to run; none named means all. */
  readonly chosen: readonly string[];
  readonly onChoose: (names: readonly string[]) => void;
}

/** Run all suites, or only some of them, or some points of a matrix, while working on a fix. */
export function SuiteChoice({ suites, chosen, onChoose }: SuiteChoiceProps): JSX.Element {
  const trans = useTrans();
  const all = suites.flatMap(namesOf);
  const picked = new Set(chosen.length === 0 ? all : chosen);
  const choose = (names: readonly string[], on: boolean): void => {
    const next = all.filter(name => (names.includes(name) ? on : picked.has(name)));
    onChoose(next.length === all.length ? [] : next);
  };
  return (
    <details className="jp-df-choice">
      <summary>{summary(suites, picked.size, trans)}</summary>
      <ul>
        {suites.map(suite => (
          <SuiteItem key={suite.name} suite={suite} picked={picked} onPick={choose} />
        ))}
      </ul>
    </details>
  );
}

interface SuiteItemProps {
  readonly suite: Suite;
  readonly picked: ReadonlySet<string>;
  readonly onPick: (names: readonly string[], on: boolean) => void;
}

function SuiteItem({ suite, picked, onPick }: SuiteItemProps): JSX.Element {
  const trans = useTrans();
  const names = namesOf(suite);
  return (
    <li>
      <Check label={suite.name} names={names} picked={picked} onPick={onPick}>
        <span className="jp-df-detail">{aside(suite, trans)}</span>
      </Check>
      {suite.points.length > 0 && (
        <ul aria-label={trans.__('Points of %1', suite.name)}>
          {suite.points.map(point => (
            <li key={point}>
              <Check label={pointWords(point)} names={[point]} picked={picked} onPick={onPick} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

interface CheckProps extends Omit<SuiteItemProps, 'suite'> {
  readonly label: string;
  readonly names: readonly string[];
  readonly children?: React.ReactNode;
}

/** A box for some names: half ticked where only some of them are picked, fixed where nothing else would be left. */
function Check({ label, names, picked, onPick, children }: CheckProps): JSX.Element {
  const some = names.some(name => picked.has(name));
  const every = names.every(name => picked.has(name));
  const alone = some && [...picked].every(name => names.includes(name));
  return (
    <label>
      <input
        type="checkbox"
        ref={box => {
          if (box) {
            box.indeterminate = some && !every;
          }
        }}
        checked={every}
        disabled={alone && every}
        onChange={() => onPick(names, !every)}
      />
      <span>
        {label} {children}
      </span>
    </label>
  );
}

function summary(suites: readonly Suite[], picked: number, trans: TranslationBundle): string {
  const all = suites.flatMap(namesOf).length;
  const points = suites.reduce((sum, suite) => sum + suite.points.length, 0);
  const suitesText =
    picked < all
      ? trans.__('%1 of %2 suites', picked, all)
      : trans._n('%1 suite', 'All %1 suites', all);
  return points > 0
    ? trans.__('%1 (%2)', suitesText, trans._n('%1 point', '%1 points', points))
    : suitesText;
}

/** Where a suite lies, and of which kind it is where it is no notebook. */
function aside({ kind, source }: Suite, trans: TranslationBundle): string {
  return kind === 'notebook' ? source : `${kindWords(kind, trans)}, ${source}`;
}
