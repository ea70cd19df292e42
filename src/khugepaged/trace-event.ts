import type { Order } from '../core/memory/order.ts';
import { SCAN_RESULTS, type ScanResult, traceString } from '../core/rules/scan-result.ts';
import type { DaemonModel } from './daemon-model.ts';

/** No folio: all ones. */
export const NO_PFN = -1;

/**
 * The trace events of system huge_memory that khugepaged emits (docs/khugepaged.md#trace-events).
 * `mm` is the id of the address space; `address`, `offset` and `result` are there for programs, also where
 * the kernel prints none.
 */
export type TraceEvent =
  | {
      readonly event: 'mm_khugepaged_scan_pmd';
      readonly mm: number;
      /** First byte of the range. */
      readonly address: number;
      readonly pfn: number;
      /** Whether a PTE looked at was writable; only versions before 6.18 print it. */
      readonly writable: boolean;
      readonly referenced: number;
      readonly noneOrZero: number;
      readonly result: ScanResult;
      readonly unmapped: number;
    }
  | {
      readonly event: 'mm_collapse_huge_page';
      readonly mm: number;
      /** First byte of the window. */
      readonly address: number;
      readonly result: ScanResult;
      readonly order: Order;
    }
  | {
      readonly event: 'mm_collapse_huge_page_isolate';
      readonly mm: number;
      readonly address: number;
      readonly pfn: number;
      readonly noneOrZero: number;
      readonly referenced: number;
      readonly writable: boolean;
      readonly result: ScanResult;
      readonly order: Order;
    }
  | {
      readonly event: 'mm_collapse_huge_page_swapin';
      readonly mm: number;
      readonly address: number;
      readonly swappedIn: number;
      readonly referenced: number;
      readonly result: ScanResult;
      readonly order: Order;
    }
  | {
      readonly event: 'mm_khugepaged_scan_file';
      readonly mm: number;
      readonly address: number;
      readonly pfn: number;
      /** Its name as smaps has it. */
      readonly file: string;
      readonly present: number;
      readonly swap: number;
      readonly result: ScanResult;
    }
  | {
      readonly event: 'mm_khugepaged_collapse_file';
      readonly mm: number;
      readonly address: number;
      readonly pfn: number;
      /** Page of the file at which it ended: behind the range, or its first. */
      readonly index: number;
      readonly isShmem: boolean;
      readonly file: string;
      readonly pages: number;
      readonly result: ScanResult;
    }
  | {
      readonly event: 'mm_khugepaged_scan';
      readonly mm: number;
      readonly progress: number;
      readonly fullScanFinished: boolean;
    };

/** Hears of trace events as they happen; `at` in ns of virtual time. */
export type TraceSink = (event: TraceEvent, at: number) => void;

/** An event as the kernel prints it: the name, a colon and the fields of this version. */
export function formatTraceEvent(e: TraceEvent, model: DaemonModel): string {
  const order = 'order' in e && model.knowsOrders ? `, order=${e.order}` : '';
  switch (e.event) {
    case 'mm_khugepaged_scan_pmd':
      return (
        `${e.event}: mm=${pointer(e.mm)}, scan_pfn=${pfn(e.pfn)}, ${writable(e.writable, model)}` +
        `referenced=${e.referenced}, none_or_zero=${e.noneOrZero}, status=${status(e.result, model)}, unmapped=${e.unmapped}`
      );
    case 'mm_collapse_huge_page': {
      const isolated = e.result === 'SCAN_SUCCEED' ? 1 : 0;
      return `${e.event}: mm=${pointer(e.mm)}, isolated=${isolated}, status=${status(e.result, model)}${order}`;
    }
    case 'mm_collapse_huge_page_isolate':
      return (
        `${e.event}: scan_pfn=${pfn(e.pfn)}, none_or_zero=${e.noneOrZero}, referenced=${e.referenced}, ` +
        `${writable(e.writable, model)}status=${status(e.result, model)}${order}`
      );
    case 'mm_collapse_huge_page_swapin':
      return (
        `${e.event}: mm=${pointer(e.mm)}, swapped_in=${e.swappedIn}, referenced=${e.referenced}, ` +
        `ret=${resultNumber(e.result, model)}${order}`
      );
    case 'mm_khugepaged_scan_file':
      return (
        `${e.event}: mm=${pointer(e.mm)}, scan_pfn=${pfn(e.pfn)}, filename=${dentryName(e.file)}, ` +
        `present=${e.present}, swap=${e.swap}, result=${traceString(e.result)}`
      );
    case 'mm_khugepaged_collapse_file':
      return (
        `${e.event}: mm=${pointer(e.mm)}, hpage_pfn=${pfn(e.pfn)}, index=${e.index}, ` +
        `addr=${e.address.toString(16)}, is_shmem=${e.isShmem ? 1 : 0}, filename=${dentryName(e.file)}, ` +
        `nr=${e.pages}, result=${traceString(e.result)}`
      );
    case 'mm_khugepaged_scan': {
      const finished = e.fullScanFinished ? 1 : 0;
      return `${e.event}: mm=${pointer(e.mm)}, progress=${e.progress}, full_scan_finished=${finished}`;
    }
  }
}

function writable(value: boolean, model: DaemonModel): string {
  return model.tracesWritable ? `writable=${value ? 1 : 0}, ` : '';
}

function status(result: ScanResult, model: DaemonModel): string {
  return result === 'SCAN_NO_PTE_TABLE' && !model.knowsOrders ? 'pmd_null' : traceString(result);
}

/**
 * Position in the enum; versions without orders had PMD_NULL and PMD_NONE for NO_PTE_TABLE, and those
 * before 6.18 PAGE_RO (docs/khugepaged.md#result-codes).
 */
function resultNumber(result: ScanResult, model: DaemonModel): number {
  const number = SCAN_RESULTS.indexOf(result);
  if (model.knowsOrders || number <= SCAN_RESULTS.indexOf('SCAN_NO_PTE_TABLE')) return number;
  const isAfterReadOnly = number >= SCAN_RESULTS.indexOf('SCAN_LACK_REFERENCED_PAGE');
  const afterReadOnly = model.tracesWritable && isAfterReadOnly ? 1 : 0;
  const afterLazyfree = number > SCAN_RESULTS.indexOf('SCAN_PAGE_LAZYFREE') ? 1 : 0;
  return number + 1 + afterReadOnly - afterLazyfree;
}

/** The last part of a path; of shared memory without a file what smaps has, such as memfd:NAME. */
function dentryName(name: string): string {
  const path = name.replace(/ \(deleted\)$/, '');
  return path === '/dev/zero' ? 'dev/zero' : path.slice(path.lastIndexOf('/') + 1);
}

function pfn(value: number): string {
  return value === NO_PFN ? '0xffffffffffffffff' : `0x${value.toString(16)}`;
}

/** %p prints a hash of the pointer; here it is one of the id. */
function pointer(mm: number): string {
  let hash = Math.imul(mm ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(16, '0');
}
