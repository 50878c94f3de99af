import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';
import type { Report, Run } from '../view';
import { duration, moment, shortCommit } from './format';
import { useTrans } from './trans';

interface RunFactsProps {
  readonly report: Report;
  readonly run: Run;
}

/** Which run this is the feedback of, as the other renderings say it. */
export function RunFacts({ report, run }: RunFactsProps): JSX.Element {
  const trans = useTrans();
  const facts = rows(report, run, trans).filter((row): row is [string, string] => !!row[1]);
  return (
    <dl className="jp-df-changes">
      {facts.map(([name, text]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

function rows(
  { run: facts }: Report,
  run: Run,
  trans: TranslationBundle
): readonly [string, string | null][] {
  return [
    [trans.__('Run'), facts.run_id],
    [trans.__('Target'), facts.url],
    [trans.__('Commit'), commitWords(run, trans)],
    [trans.__('Started'), facts.started_at && moment(facts.started_at)],
    [trans.__('Took'), seconds(facts.duration_seconds)],
    [trans.__('Window'), seconds(facts.window_seconds)],
    [trans.__('Compared'), pairing(facts, trans)],
    [trans.__('Continues'), facts.continues],
    [
      trans.__('Attempt'),
      facts.attempts === null ? null : trans.__('%1 at this commit', facts.attempts)
    ]
  ];
}

function seconds(value: number | null): string | null {
  return value === null ? null : duration(value);
}

function commitWords({ commit }: Run, trans: TranslationBundle): string {
  if (!commit) {
    return trans.__('none');
  }
  const changed = commit.dirty.length;
  return [
    shortCommit(commit.sha),
    commit.subject,
    changed > 0 && trans._n('+ %1 changed file', '+ %1 changed files', changed)
  ]
    .filter(Boolean)
    .join(' ');
}

function pairing(
  { baseline, first_release, paired }: Report['run'],
  trans: TranslationBundle
): string {
  if (baseline === null) {
    return first_release ? trans.__('with nothing: first release') : trans.__('with nothing');
  }
  return paired
    ? trans.__('the same examples sent to both, interleaved')
    : trans.__("with the baseline's stored run");
}
