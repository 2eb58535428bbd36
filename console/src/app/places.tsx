import {
  IconChartBar,
  IconFlag,
  IconHistory,
  IconHome,
  IconKey,
  IconPackage,
  IconPlugConnected,
  IconSettings,
  IconSpeakerphone,
  IconStack2,
  IconTemplate,
  IconUsers,
  IconUsersGroup,
} from "@tabler/icons-react";
import type { ReactNode } from "react";

type Place = { path: string; label: string; icon: ReactNode; key: string };

/** The pages of a project, in the order of the work; `key` follows `g`. */
export const PLACES: Place[] = [
  { path: "", label: "Home", icon: <IconHome size={18} />, key: "h" },
  { path: "campaigns", label: "Campaigns", icon: <IconSpeakerphone size={18} />, key: "c" },
  { path: "results", label: "Results", icon: <IconChartBar size={18} />, key: "r" },
  { path: "audiences", label: "Audiences", icon: <IconUsersGroup size={18} />, key: "a" },
  { path: "templates", label: "Templates", icon: <IconTemplate size={18} />, key: "t" },
  { path: "goals", label: "Goals", icon: <IconFlag size={18} />, key: "o" },
  { path: "catalogue", label: "Catalogue", icon: <IconPackage size={18} />, key: "i" },
  { path: "people", label: "People", icon: <IconUsers size={18} />, key: "p" },
  { path: "events", label: "Events", icon: <IconStack2 size={18} />, key: "e" },
  { path: "keys", label: "Keys and doors", icon: <IconKey size={18} />, key: "k" },
  { path: "connect", label: "Connect", icon: <IconPlugConnected size={18} />, key: "b" },
  { path: "history", label: "History", icon: <IconHistory size={18} />, key: "y" },
  { path: "settings", label: "Settings", icon: <IconSettings size={18} />, key: "s" },
];
