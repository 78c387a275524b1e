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
      setTimeout(() => void poll(), 3000);
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
      setTimeout(() => void poll(), 500);
    });
  }
}

// Upload: what was understood first, then the file with its progress; a cut line is offered again under the same key.
{
  const form = document.getElementById('upload');
  if (form) {
    const input = form.querySelector('input[type=file]');
    const drop = document.getElementById('drop');
    const answer = document.getElementById('answer');
    const bar = document.getElementById('progress');
    const say = (share, words) => {
      bar.hidden = false;
      bar.querySelector('progress').value = share;
      bar.querySelector('span').textContent = words;
    };
    const typeOf = (file) => (/\.(csv|tsv|txt)$/i.test(file.name) ? 'text/csv' : 'application/octet-stream');
    const address = (path) => {
      const fields = [...new FormData(document.getElementById('options'))];
      const query = new URLSearchParams(fields.filter(([, value]) => value !== ''));
      return `${path}?${query}`;
    };
    const headers = (file) => ({
      'content-type': typeOf(file),
      'x-csrf-token': form.dataset.csrf,
      'hx-request': 'true',
    });
    const check = async () => {
      const file = input.files[0];
      if (!file) return;
      say(0, form.dataset.checking);
      bar.querySelector('progress').removeAttribute('value');
      try {
        const head = typeOf(file) === 'text/csv' ? file.slice(0, 4e6) : file;
        const reply = await fetch(address('/runs/check'), {
          method: 'POST',
          body: head,
          headers: headers(file),
        });
        answer.innerHTML = await reply.text();
      } catch {
        answer.textContent = form.dataset.cut;
      }
      bar.hidden = true;
    };
    let key = crypto.randomUUID();
    const send = () => {
      const file = input.files[0];
      if (!file) return input.reportValidity();
      const button = document.getElementById('send');
      button.disabled = true;
      const request = new XMLHttpRequest();
      request.open('POST', address('/runs'));
      for (const [name, value] of Object.entries(headers(file))) request.setRequestHeader(name, value);
      request.setRequestHeader('idempotency-key', key);
      request.upload.addEventListener('progress', (event) => {
        const share = event.total ? event.loaded / event.total : 0;
        say(share, `${form.dataset.sending} ${Math.round(share * 100)} %`);
      });
      request.addEventListener('load', () => {
        button.disabled = false;
        bar.hidden = true;
        if (
          request.status === 200 &&
          request.getResponseHeader('content-type').startsWith('application/json')
        )
          location.assign(JSON.parse(request.responseText).location);
        else {
          key = crypto.randomUUID();
          answer.innerHTML = request.responseText;
          answer.scrollIntoView();
        }
      });
      request.addEventListener('error', () => {
        button.disabled = false;
        key = crypto.randomUUID();
        say(0, form.dataset.cut);
      });
      request.send(file);
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (event.submitter?.id === 'check') void check();
      else send();
    });
    input.addEventListener('change', () => void check());
    for (const name of ['dragover', 'dragleave', 'drop']) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle('over', name === 'dragover');
        if (name === 'drop' && event.dataTransfer.files.length > 0) {
          input.files = event.dataTransfer.files;
          void check();
        }
      });
    }
  }
}
