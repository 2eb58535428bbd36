import { Button, Group, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useProject } from "@/app/project";
import { Page } from "@/parts/Page";
import { Found } from "./Found";

/** Look somebody up by any of their ids. */
export function People() {
  const project = useProject();
  const navigate = useNavigate();
  const [asked, setAsked] = useState("");
  const look = asked.trim();
  return (
    <Page
      title="People"
      about="Everything that is known of one person: attributes, visits, what they did, what they saw and why."
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (look) void navigate({ to: `/p/${project}/people/${encodeURIComponent(look)}` });
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Any id"
            description="Or its beginning: a user id, an e-mail address if that is your id, the anonymous id of a device"
            placeholder="anna@example.org"
            leftSection={<IconSearch size={16} />}
            value={asked}
            onChange={(event) => setAsked(event.currentTarget.value)}
            w={{ base: "100%", xs: 420 }}
            data-autofocus
          />
          <Button type="submit" disabled={!look}>
            Look up
          </Button>
        </Group>
      </form>
      <Found asked={look} />
    </Page>
  );
}
