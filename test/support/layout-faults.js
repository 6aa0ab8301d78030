/**
 * What is wrong with how the page looks that runs it: text that something covers or cuts off, or that is
 * faint, and controls without a name. Its last value is a list of sentences.
 */

const problems = [];
const range = document.createRange();

const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
const over = ([r, g, b, a = 1], below) =>
  [r, g, b].map((value, i) => value * a + below[i] * (1 - a));

function told(element, text) {
  return `${element.tagName.toLowerCase()} ${JSON.stringify(text.slice(0, 40))}`;
}

/** WCAG 2.2, "relative luminance". */
function luminance(rgb) {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colour behind an element's text; null where it is a picture. */
function ground(element) {
  if (element === null) return [255, 255, 255];
  const { backgroundColor, backgroundImage } = getComputedStyle(element);
  if (backgroundImage !== "none") return null;
  const colour = numbers(backgroundColor);
  if (colour[3] === undefined || colour[3] === 1) return colour.slice(0, 3);
  const below = ground(element.parentElement);
  return below === null ? null : over(colour, below);
}

/** WCAG 2.2, 1.4.3; large text is from 24 px on, or bold from 18.7 px on. */
function isFaint(element) {
  const below = ground(element);
  if (below === null || element.closest(":disabled, [aria-disabled=true]") !== null) return false;
  const { color, fontSize, fontWeight } = getComputedStyle(element);
  const both = [luminance(over(numbers(color), below)), luminance(below)];
  const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  const isLarge = Number.parseFloat(fontSize) >= (Number(fontWeight) >= 700 ? 18.6 : 24);
  return contrast < (isLarge ? 3 : 4.5);
}

function isCutOff(element) {
  const { overflowX } = getComputedStyle(element);
  return /hidden|clip/.test(overflowX) && element.scrollWidth > element.clientWidth + 1;
}

/** What a click in the middle of a piece of text meets is that text's, or a link over its whole card. */
function isMet(element, { left, right, top, bottom }) {
  const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  if (hit === null || hit.contains(element) || element.contains(hit)) return null;
  const isLink = hit.matches(".stretch") && hit.closest(".card") === element.closest(".card");
  return isLink ? null : hit;
}

function lookAt(node, element, text) {
  if (isFaint(element)) problems.push(`faint: ${told(element, text)}`);
  if (isCutOff(element)) problems.push(`cut off: ${told(element, text)}`);
  range.selectNodeContents(node);
  const { top, bottom } = range.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element.scrollIntoView({ block: "center" });
  const scroller = element.closest(".scroll")?.getBoundingClientRect();
  for (const rect of range.getClientRects()) {
    // The rest of a wide table is there for whoever scrolls it.
    const isAside = scroller && (rect.left < scroller.left || rect.right > scroller.right);
    if (isAside) continue;
    if (rect.right < 1 || rect.left > innerWidth - 1) {
      problems.push(`out of the window: ${told(element, text)}`);
      continue;
    }
    const cover = isMet(element, rect);
    if (cover !== null) {
      problems.push(`covered by ${cover.tagName.toLowerCase()}: ${told(element, text)}`);
    }
  }
}

function lookAtText() {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    const text = node.data.trim();
    if (text === "") continue;
    if (element.closest(".hidden, .skip, script, style, select, textarea, meter") !== null)
      continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    lookAt(node, element, text);
  }
}

const OWN_NAME = /^(SELECT|TEXTAREA|METER|INPUT|VIDEO)$/;

function hasName(element) {
  const isSaid = (text) => (text ?? "").trim() !== "";
  if (isSaid(element.ariaLabel) || element.hasAttribute("aria-labelledby")) return true;
  if ([...(element.labels ?? [])].some((label) => isSaid(label.textContent))) return true;
  return !OWN_NAME.test(element.tagName) && isSaid(element.textContent);
}

function lookAtControls() {
  const controls = "button, a[href], input, select, textarea, summary, video, meter, dialog";
  for (const element of document.querySelectorAll(controls)) {
    if (element.closest("[aria-hidden=true]") !== null || hasName(element)) continue;
    problems.push(`without a name: ${element.outerHTML.slice(0, 80)}`);
  }
}

if (document.documentElement.scrollWidth > innerWidth) {
  problems.push(`wider than the window: ${document.documentElement.scrollWidth}`);
}
lookAtText();
lookAtControls();
scrollTo(0, 0);
problems;
