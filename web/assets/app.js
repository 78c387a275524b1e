// Keys, printing, live progress and uploads. Every page works without it.
'use strict';
{
  const rows = () => [...document.querySelectorAll('[data-row]')];
  let at = -1;
  const go = (step) => {
    const all = rows();
    if (all.length === 0) return;
    all[at]?.classList.remove('on');
    at = Math.max(0, Math.min(all.length - 1, at + step));
    const row = all[at];
    row.classList.add('on');
    row.querySelector('a')?.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  };
  const search = () => {
    const field = document.getElementById('search');
    if (!field) return;
    field.closest('details')?.setAttribute('open', '');
    field.focus();
    field.select();
  };
  const keys = {
    '/': search,
    j: () => go(1),
    k: () => go(-1),
    r: () => location.reload(),
    '?': () => document.getElementById('keys')?.showModal?.(),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest('input,select,textarea,dialog[open]')) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  for (const button of document.querySelectorAll('[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }

  // A page that the back button brings from memory after a log-out shows nothing: it is asked for anew.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });

  // Progress by server-sent events; where they are cut, by asking every three seconds.
  for (const live of document.querySelectorAll('[data-live]')) {
    const show = (text) => {
      const held = document.activeElement?.id;
      live.innerHTML = text;
      if (held) document.getElementById(held)?.focus();
    };
    const poll = async () => {
      try {
        const answer = await fetch(live.dataset.part, { headers: { 'hx-request': 'true' } });
        if (answer.ok) show(await answer.text());
        if (answer.headers.get('x-over') === '1') return location.reload();
      } catch {
        // The line is away; the next round asks again.
      }
      setTimeout(poll, 3000);
    };
    const source = new EventSource(live.dataset.live);
    let failures = 0;
    source.addEventListener('part', (event) => {
      failures = 0;
      show(event.data);
    });
    source.addEventListener('over', () => {
      source.close();
      location.reload();
    });
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED && ++failures < 3) return;
      source.close();
      setTimeout(poll, 500);
    });
  }
}
