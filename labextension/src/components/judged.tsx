import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Finding } from '../view';
import { useTrans } from './trans';

/** How a finding came about: the rule as written, its numbers, how many samples, which method. */
export function Judged({ finding }: { readonly finding: Finding }): JSX.Element | null {
  const trans = useTrans();
  const known = rows(finding, trans);
  if (known.length < 2) {
    return null; // a suite's own cases: the sentence says it all
  }
  return (
    <details className="jp-df-judged">
      <summary>{trans.__('How was this judged?')}</summary>
      <dl>
        {known.map(([name, text]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </React.Fragment>
        ))}
      </dl>
    </details>
  );
}

function rows(finding: Finding, trans: TranslationBundle): readonly [string, string][] {
  const { text } = finding;
  const known = (value: string | undefined): value is string => !!value && value !== '\u2014';
  const all: [string, string | undefined][] = [
    [trans.__('Rule'), `${finding.rule} ${finding.expression}`.trim()],
    [trans.__('Counts'), standing(finding, trans)],
    [trans.__('Value'), text.value],
    [trans.__('Limit'), text.limit],
    [trans.__('Candidate'), text.candidate],
    [trans.__('Baseline'), text.baseline],
    [trans.__('Samples'), text.n],
    [
      trans.__('Still needed'),
      finding.n_more === null ? undefined : `\u2248 ${finding.n_more.toLocaleString()}`
    ],
    [
      trans.__('Confidence'),
      finding.confidence === null ? undefined : `${round(finding.confidence * 100)} %`
    ],
    [trans.__('Method'), text.method]
  ];
  return all.filter((row): row is [string, string] => known(row[1]));
}

function standing(finding: Finding, trans: TranslationBundle): string | undefined {
  if (finding.standing === 'info') {
    return trans.__('no, the rule is for information');
  }
  return finding.standing === 'not_judged'
    ? trans.__('no, there is nothing to compare with')
    : undefined;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
