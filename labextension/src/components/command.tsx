import React from 'react';
import { Button } from './button';
import { useTrans } from './trans';

/** A command to type in a terminal, with a button that copies it. */
export function Command({ text }: { readonly text: string }): JSX.Element {
  const trans = useTrans();
  const [copied, setCopied] = React.useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false)
    );
  };
  return (
    <div className="jp-df-command">
      <code tabIndex={0}>
        {text.split(' ').map((word, index) => (
          <React.Fragment key={index}>
            <span>{word}</span>{' '}
          </React.Fragment>
        ))}
      </code>
      <Button look="link" label={copied ? trans.__('Copied') : trans.__('Copy')} onClick={copy} />
    </div>
  );
}
