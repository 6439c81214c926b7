import { render, screen } from '@testing-library/react';
import { Dialog } from './dialog';

it('closes before it leaves the page, so that the focus goes back', () => {
  const onClose = vi.fn();
  const { rerender } = render(
    <Dialog open onClose={onClose} title="Sure?">
      Yes or no.
    </Dialog>,
  );
  const dialog = screen.getByRole('dialog') as HTMLDialogElement;
  const connected: boolean[] = [];
  dialog.close = () => {
    connected.push(dialog.isConnected);
    dialog.open = false;
    dialog.dispatchEvent(new Event('close'));
  };
  rerender(<p>Done.</p>);
  expect(connected).toEqual([true]);
  expect(onClose).not.toHaveBeenCalled();
});
