import { fireEvent, screen, within } from '@testing-library/react';
import { renderApp } from '@/test/app';

describe('the public pages', () => {
  it('landing shows the odd word with its price', async () => {
    renderApp('/');
    expect(await screen.findByRole('heading', { level: 1 })).toHaveTextContent('The odd one says INFO');
    expect(screen.getByText('sandbox')).toHaveClass('heat-7');
    expect(screen.getByText(/Usual here: stripe/)).toBeVisible();
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
