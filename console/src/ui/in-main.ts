/** Menus and tooltips are put into the page's main part: what stands outside of every landmark is hard to find. */
export function inMain(): HTMLElement {
  return document.querySelector('main') ?? document.body;
}
