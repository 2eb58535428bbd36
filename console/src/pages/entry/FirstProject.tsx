import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Frame } from "./Frame";
import { NewProject } from "./Installation";

/** What an owner does first: nothing else can be done before there is a project. */
export function FirstProject() {
  return (
    <Frame
      title="Your first project"
      about="Campaigns, people and events live in a project. Give it the name of your shop."
    >
      <Stack>
        <NewProject />
        <Text size="xs" c="dimmed">
          Passwords and everybody’s accounts are in{" "}
          <Anchor component={Link} to="/account" size="xs" underline="always">
            your account
          </Anchor>
          .
        </Text>
      </Stack>
    </Frame>
  );
}
