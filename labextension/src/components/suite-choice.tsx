import React from 'react';
import type { Project } from '../view';
import { useTrans } from './trans';

interface SuiteChoiceProps {
  readonly suites: Project['suites'];
  /** Names of the suites to run; none named means all. */
  readonly chosen: readonly string[];
  readonly onChoose: (names: readonly string[]) => void;
}

/** Run all suites, or only some of them while working on a fix. */
export function SuiteChoice({ suites, chosen, onChoose }: SuiteChoiceProps): JSX.Element {
  const trans = useTrans();
  const isChosen = (name: string): boolean => chosen.length === 0 || chosen.includes(name);
  const toggle = (name: string): void => {
    const next = suites.map(suite => suite.name).filter(each => isChosen(each) !== (each === name));
    onChoose(next.length === suites.length ? [] : next);
  };
  const count = chosen.length || suites.length;
  return (
    <details className="jp-df-choice">
      <summary>
        {chosen.length === 0
          ? trans._n('%1 suite', 'All %1 suites', suites.length)
          : trans.__('%1 of %2 suites', count, suites.length)}
      </summary>
      <ul>
        {suites.map(suite => (
          <li key={suite.name}>
            <label title={suite.source}>
              <input
                type="checkbox"
                checked={isChosen(suite.name)}
                disabled={count === 1 && isChosen(suite.name)}
                onChange={() => toggle(suite.name)}
              />
              {suite.name} <span className="jp-df-detail">{suite.source}</span>
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}
