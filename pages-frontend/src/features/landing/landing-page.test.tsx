import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { renderApp } from '@/test/app';

describe('the public pages', () => {
  it('landing shows the odd word with its price', async () => {
    renderApp('/');
    expect(await screen.findByRole('heading', { level: 1 })).toHaveTextContent('The odd one says INFO');
    expect(screen.getByText('sandbox')).toHaveClass('heat-7');
    expect(screen.getByText(/Usual here: stripe/)).toBeVisible();
  });

  it('prices a line in the browser as it is typed', async () => {
    const { user } = renderApp('/');
    const line = await screen.findByLabelText(/Your turn/);
    await user.click(line);
    const answer = screen.getByTestId('try-answer');
    await waitFor(() => expect(within(answer).getByText('sandbox')).toHaveAttribute('data-level'));
    expect(answer).toHaveTextContent(/1 in [\d,]+ lines are this odd/);
    fireEvent.change(line, {
      target: {
        value: 'payment captured order=81274 amount=138.95 currency=EUR gateway=stripe took=308ms',
      },
    });
    await waitFor(() => expect(answer).toHaveTextContent(/^payment .*Ordinary: /));
  });

  it('pricing names the cheapest plan for what the slider says', async () => {
    renderApp('/pricing');
    const slider = await screen.findByRole('slider');
    const cheapest = () => screen.getByText('cheapest for this').closest('li') as HTMLElement;
    expect(within(cheapest()).getByRole('heading')).toHaveTextContent('Standard');
    fireEvent.change(slider, { target: { value: '5' } });
    expect(within(cheapest()).getByRole('heading')).toHaveTextContent('Developer');
    fireEvent.change(slider, { target: { value: '60' } });
    expect(within(cheapest()).getByRole('heading')).toHaveTextContent('Growth');
    expect(screen.getByText('Stops before 2,000,000')).toBeVisible();
  });

  it('marks the legal texts as placeholders', async () => {
    renderApp('/legal');
    expect(await screen.findAllByText(/^Placeholder\./)).toHaveLength(3);
  });

  it('has words for a page that does not exist', async () => {
    renderApp('/nowhere');
    expect(await screen.findByRole('heading', { name: 'There is no such page' })).toBeVisible();
  });
});
