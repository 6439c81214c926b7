import { useTitle } from '@/lib/use-title';

const TEXTS = ['Terms of service', 'Privacy notice', 'Imprint'];

/** Whoever runs this installation has to put their own texts here. */
export function LegalRoute() {
  useTitle('Terms and privacy');
  return (
    <main id="main" className="mx-auto w-full max-w-3xl px-4 pt-10 pb-24 sm:px-6">
      <h1 className="text-2xl">Terms and privacy</h1>
      {TEXTS.map((title) => (
        <section key={title} className="mt-8">
          <h2 className="text-lg">{title}</h2>
          <p className="mt-2 rounded-lg border border-dashed border-line-strong px-4 py-3 text-ink-2">
            Placeholder. The operator of this installation has not published this text yet.
          </p>
        </section>
      ))}
    </main>
  );
}
