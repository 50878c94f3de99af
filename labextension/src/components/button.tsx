import { Button as LabButton } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';
import React from 'react';

interface ButtonProps {
  readonly label: string;
  readonly icon?: LabIcon;
  readonly look?: 'main' | 'plain' | 'link';
  /** Show only the icon; the label is said and shown as a tooltip. */
  readonly bare?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
  readonly type?: 'button' | 'submit';
  readonly onClick?: () => void;
}

/** Lab's own button, as small as a side panel needs it. */
export function Button(props: ButtonProps): JSX.Element {
  const { label, icon, look = 'plain', bare = false, type = 'button' } = props;
  const named = bare ? { 'aria-label': label, title: label } : { title: props.title };
  return (
    <LabButton
      type={type}
      minimal={look === 'link'}
      className={`jp-df-button jp-df-button-${look}${bare ? ' jp-df-button-bare' : ''}`}
      disabled={props.disabled}
      onClick={props.onClick}
      {...named}
    >
      {icon && <icon.react tag="span" className="jp-df-icon" />}
      {!bare && <span>{label}</span>}
    </LabButton>
  );
}
