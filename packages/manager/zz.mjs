import { startManager } from './src/index.ts';
import { pino } from 'pino';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
const dir=mkdtempSync('/tmp/zz-');
const m=await startManager({listen:{host:'127.0.0.1',port:0},store:dir+'/s.db',logger:pino({level:'warn'})});
const agent=new http.Agent({keepAlive:true,maxSockets:4});
const u=new URL(m.url);
const req=(method,path,body)=>new Promise((res,rej)=>{const r=http.request({host:u.hostname,port:u.port,method,path,agent,headers:body?{'content-type':'application/x-www-form-urlencoded','content-length':Buffer.byteLength(body)}:{}},x=>{let t='';x.setEncoding('utf8');x.on('data',c=>t+=c);x.on('end',()=>x.statusCode===200?res(t):rej(new Error(t)))});r.on('error',rej);r.end(body)});
const rss=()=>Math.round(process.memoryUsage().rss/1e6)+'MB heap '+Math.round(process.memoryUsage().heapUsed/1e6);
console.log('start',rss());
for(let n=0;n<40;n++) await req('POST','/api/networks',`uuid=nw-n${n}&ipv4_network=10.${n}.0.0&ipv4_prefix=16`);
let k=0; const times=[];
const one=async()=>{const i=k++;const s=performance.now();await req('POST','/api/interfaces',`uuid=if-v${i}&network_uuid=nw-n${i%40}&ipv4_address=10.${i%40}.${(i/40|0)>>8}.${(i/40|0)&255}&mac_address=52:54:00:${(i>>16).toString(16)}:${(i>>8&255).toString(16)}:${(i&255).toString(16)}`);times.push(performance.now()-s);};
for (const n of [100,2000,10000]) { const from=k; while(k<n) await one(); const t=times.slice(-200).sort((a,b)=>a-b); console.log(n,'POST p50',t[t.length>>1].toFixed(2),'p99',t[Math.floor(t.length*.99)].toFixed(2),rss()); 
 for (const p of ['/api/interfaces','/api/interfaces?limit=1000','/api/interfaces/if-v5','/api/status']) {let s=performance.now(); const b=await req('GET',p); console.log('  GET',p,(performance.now()-s).toFixed(1),'ms',b.length); }
 global.gc?.(); console.log('  gc',rss()); }
await m.close(); rmSync(dir,{recursive:true});agent.destroy();
