import React from 'react';
import type { Finding, Report, Verdict } from '../view';
import { pointOf, pointsOf } from '../view';
import { MarkView } from './mark';
import { useTrans } from './trans';
import { verdictMark } from './words';

const BEST_TO_WORST: readonly Verdict[] = ['pass', 'warn', 'inconclusive', 'fail', 'error'];

/** Each point of a matrix with the worst of the findings about it. */
export function PointList({ report }: { readonly report: Report }): JSX.Element {
  return (
    <ul className="jp-df-points">
      {pointsOf(report).map(point => (
        <PointLine key={point} point={point} findings={findingsAbout(point, report)} />
      ))}
    </ul>
  );
}

interface PointLineProps {
  readonly point: string;
  readonly findings: readonly Finding[];
}

function PointLine({ point, findings }: PointLineProps): JSX.Element {
  const trans = useTrans();
  const passing = findings.filter(finding => finding.verdict === 'pass').length;
  return (
    <li className="jp-df-row">
      {findings.length > 0 && <MarkView mark={verdictMark(worstOf(findings), trans)} quiet />}
      <span className="jp-df-grow jp-df-name">{point}</span>
      <span className="jp-df-detail jp-df-number">
        {trans.__('%1 of %2 pass', passing, findings.length)}
      </span>
    </li>
  );
}

/** The findings about a point that count. */
function findingsAbout(point: string, { findings }: Report): readonly Finding[] {
  return findings.filter(each => each.standing === 'counted' && pointOf(each) === point);
}

function worstOf(findings: readonly Finding[]): Verdict {
  const worst = Math.max(...findings.map(finding => BEST_TO_WORST.indexOf(finding.verdict)));
  return BEST_TO_WORST[worst] ?? 'error';
}
