import { Link } from '@tanstack/react-router';
import { Message } from '@/components/states';
import { Button } from '@/components/ui/button';

/** In place of a page whose address names an organisation that the person does not belong to, or that there is not. */
export function ForeignLink({ email }: { email: string }) {
  return (
    <Message
      wholePage
      title="This link is of another organisation"
      action={
        <Button asChild>
          <Link to="/app/anomalies">See your own anomalies</Link>
        </Button>
      }
    >
      <p>
        {email} does not belong to it. Ask whoever sent you the link for an invitation, or sign in with
        another address.
      </p>
    </Message>
  );
}
