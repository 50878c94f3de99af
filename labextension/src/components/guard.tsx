import React from 'react';

interface GuardProps {
  /** What to show instead of what could not be rendered. */
  readonly fallback: (message: string, retry: () => void) => React.ReactNode;
  readonly children: React.ReactNode;
}

interface GuardState {
  readonly message: string | null;
}

/** Keeps an error of rendering from leaving the panel empty. */
export class Guard extends React.Component<GuardProps, GuardState> {
  override state: GuardState = { message: null };

  static getDerivedStateFromError(error: unknown): GuardState {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): React.ReactNode {
    const { message } = this.state;
    return message === null
      ? this.props.children
      : this.props.fallback(message, () => this.setState({ message: null }));
  }
}
