import { launchIcon, refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Fault, Problem } from '../view';
import { Button } from './button';
import { FaultNotice, Notice } from './notice';
import { useTrans } from './trans';

interface ProblemListProps {
  readonly problems: readonly Problem[];
  readonly fault: Fault | null;
  readonly onOpenFile: (path: string) => void;
  readonly onRefresh: () => void;
}

/** Everything that is wrong with a project file, with its line, and what to write instead. */
export function ProblemList({
  problems,
  fault,
  onOpenFile,
  onRefresh
}: ProblemListProps): JSX.Element {
  const trans = useTrans();
  const file = problems[0]?.file;
  return (
    <div className="jp-df-problems">
      {problems.length === 0 && fault ? (
        <FaultNotice fault={fault} />
      ) : (
        <Notice
          tone="bad"
          title={trans._n(
            'The project file has a problem',
            'The project file has %1 problems',
            problems.length
          )}
        />
      )}
      <ol>
        {problems.map((problem, index) => (
          <li key={index}>
            <code>
              {problem.line === null ? problem.file : `${problem.file}:${problem.line}`}{' '}
              {problem.key}
            </code>
            <p>{problem.problem}</p>
            {problem.remedy && <p className="jp-df-detail">{problem.remedy}</p>}
          </li>
        ))}
      </ol>
      <div className="jp-df-row">
        {file && (
          <Button
            icon={launchIcon}
            label={trans.__('Open %1', file)}
            onClick={() => onOpenFile(file)}
          />
        )}
        <Button icon={refreshIcon} label={trans.__('Check again')} onClick={onRefresh} />
      </div>
    </div>
  );
}
