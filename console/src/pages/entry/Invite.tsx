import { Button, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { me } from "@/api/queries";
import { Loaded } from "@/parts/Loaded";
import { Trouble } from "@/parts/Trouble";
import { EntryForm, NewPassword, NewPersonFields } from "./EntryForm";
import { useEnter } from "./enter";
import { Frame, secretOf } from "./Frame";

type Offer = Schemas["Offer"];

/** What a link that somebody passed on leads to: a project, or a new password. */
export function Invite() {
  const [token] = useState(() => secretOf("token"));
  const found = useQuery({
    queryKey: ["invitation", token],
    retry: false,
    queryFn: () => data(api.POST("/v1/invitations/look", { body: { token } })),
  });
  const title =
    found.data?.kind === "password" ? "A new password" : found.data ? `Join ${found.data.project}` : "Invitation";
  return (
    <Frame
      title={title}
      about={found.data?.kind === "join" && `${found.data.invited_by} invites you as ${found.data.role}.`}
    >
      <Loaded query={found}>
        {(offer) =>
          offer.kind === "password" ? <AnotherPassword token={token} /> : <Join offer={offer} token={token} />
        }
      </Loaded>
    </Frame>
  );
}

function Join({ offer, token }: { offer: Offer; token: string }) {
  const signedIn = useQuery({ ...me, retry: false });
  const enter = useEnter();
  const join = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/join", { body: { token } })),
    onSuccess: (found) => enter(found),
  });
  if (signedIn.isPending) return null;
  if (signedIn.data)
    return (
      <Stack>
        <Text size="sm">You are signed in as {signedIn.data.account.email}.</Text>
        {join.error && <Trouble error={join.error} />}
        <Button loading={join.isPending} onClick={() => join.mutate()}>
          Join {offer.project}
        </Button>
      </Stack>
    );
  if (offer.known)
    return (
      <Stack>
        <Text size="sm">{offer.email} has an account here. Sign in, then open this link again.</Text>
        <Button component={Link} to="/sign-in">
          Sign in
        </Button>
      </Stack>
    );
  return <NewAccount offer={offer} token={token} />;
}

function NewAccount({ offer, token }: { offer: Offer; token: string }) {
  const enter = useEnter();
  const [told, setTold] = useState({ email: offer.email, name: "", password: "" });
  const set = (change: Partial<typeof told>) => setTold({ ...told, ...change });
  const accept = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/accept", { body: { token, ...told } })),
    onSuccess: (found) => enter(found),
  });
  return (
    <EntryForm verb="Join" send={accept}>
      {(problem) => <NewPersonFields told={told} set={set} problem={problem} invited={Boolean(offer.email)} />}
    </EntryForm>
  );
}

function AnotherPassword({ token }: { token: string }) {
  const enter = useEnter();
  const [password, setPassword] = useState("");
  const choose = useMutation({
    meta: { quiet: true },
    mutationFn: () => data(api.POST("/v1/invitations/password", { body: { token, password } })),
    onSuccess: (found) => enter(found),
  });
  return (
    <EntryForm verb="Choose it" send={choose}>
      {(problem) => (
        <NewPassword
          label="New password"
          more=". Every other browser is signed out."
          value={password}
          set={setPassword}
          problem={problem}
        />
      )}
    </EntryForm>
  );
}
