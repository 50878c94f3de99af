import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';
import type { Project } from '../view';
import { Button } from './button';
import { shortCommit } from './format';
import { useTrans } from './trans';

interface HeaderProps {
  readonly project: Project;
  readonly notebook: string | null;
  readonly onOpenFile: (path: string) => void;
  readonly onRefresh: () => void;
}

/** Whose feedback this is: project, notebook and the commit that would be tested. */
export function Header({ project, notebook, onOpenFile, onRefresh }: HeaderProps): JSX.Element {
  const trans = useTrans();
  const { commit } = project;
  return (
    <header className="jp-df-header">
      <div className="jp-df-row">
        <h2 className="jp-df-project">{project.name}</h2>
        <Button
          bare
          icon={refreshIcon}
          label={trans.__('Read the project again')}
          look="link"
          onClick={onRefresh}
        />
      </div>
      <div className="jp-df-facts">
        {notebook && <span title={notebook}>{fileName(notebook)}</span>}
        <span>
          <Button
            look="link"
            label={fileName(project.path)}
            title={trans.__('Open %1', project.path)}
            onClick={() => onOpenFile(project.path)}
          />
        </span>
        {commit && (
          <span title={[commit.subject, ...commit.dirty].filter(Boolean).join('\n')}>
            {shortCommit(commit.sha)}
            {commit.dirty.length > 0 &&
              ' ' + trans._n('+ %1 changed file', '+ %1 changed files', commit.dirty.length)}
          </span>
        )}
      </div>
    </header>
  );
}

function fileName(path: string): string {
  return path.split('/').pop() ?? path;
}
