/** /embed/NAME: the player alone, for frames of other sites. Its attributes stand in the address. */
import { byId } from "./dom.ts";
import { nameFromPath, pathOfName } from "./streamname.ts";

const ATTRIBUTES = ["tier", "token", "muted", "controls", "stats", "captions", "chat"];

const player = byId("player");
const query = new URLSearchParams(location.search);
const name = nameFromPath(location.pathname, "embed");
for (const attribute of ATTRIBUTES) {
  const value = query.get(attribute);
  if (value !== null) player.setAttribute(attribute, value);
}
document.title = name;
if (name) player.setAttribute("src", pathOfName("whep", name));
