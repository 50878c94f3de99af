import React from 'react';
import type { Report, Run } from '../view';
import { ago, duration, moment, shortCommit } from './format';
import { Glyph } from './glyph';
import { useNow } from './now';
import { useTrans } from './trans';
import { gateWords, verdictMark } from './words';

interface VerdictCardProps {
  readonly report: Report;
  readonly run: Run;
  readonly children?: React.ReactNode;
}

/** The verdict, in one word and one sentence, and what to do now. */
export function VerdictCard({ report, run, children }: VerdictCardProps): JSX.Element {
  const trans = useTrans();
  const mark = verdictMark(report.verdict, trans);
  return (
    <section
      className={`jp-df-card jp-df-verdict jp-df-tone-${mark.tone}`}
      aria-label={trans.__('Verdict')}
    >
      <div className="jp-df-verdict-word">
        <Glyph name={mark.glyph} />
        <span>{mark.word}</span>
        <span className="jp-df-gate">{gateWords(report, trans)}</span>
      </div>
      <p className="jp-df-headline">{headline(report)}</p>
      {report.next_step && <p className="jp-df-next">{report.next_step}</p>}
      <Facts report={report} run={run} />
      {children}
    </section>
  );
}

/** The headline without the verdict's word, which stands above it. */
function headline({ headline: text, verdict }: Report): string {
  const rest = text.toLowerCase().startsWith(`${verdict}: `)
    ? text.slice(verdict.length + 2)
    : text;
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

function Facts({ report, run }: { readonly report: Report; readonly run: Run }): JSX.Element {
  const trans = useTrans();
  const now = useNow(30000);
  const facts = report.run;
  const version = facts.model_version ? ` ${facts.model_version}` : '';
  const baseline = facts.baseline
    ? trans.__('against %1', `${facts.baseline} ${facts.baseline_version ?? ''}`.trim())
    : trans.__('no baseline');
  return (
    <p className="jp-df-facts">
      <span>{`${facts.target}${version}`}</span>
      <span>{baseline}</span>
      <Look look={facts.look} />
      {facts.commit && <span>{shortCommit(facts.commit) + (facts.dirty ? ' +' : '')}</span>}
      {facts.duration_seconds !== null && <span>{duration(facts.duration_seconds)}</span>}
      <time dateTime={run.created_at} title={moment(run.created_at)}>
        {ago(run.finished_at ?? run.created_at, now, trans)}
      </time>
    </p>
  );
}

/** Which of the planned looks this is; one that is alone needs no number. */
function Look({ look }: { readonly look: readonly [number, number] }): JSX.Element | null {
  const trans = useTrans();
  const [taken, planned] = look;
  return planned > 1 ? <span>{trans.__('look %1 of %2', taken, planned)}</span> : null;
}
