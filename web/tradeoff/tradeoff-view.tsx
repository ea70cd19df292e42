export function TradeoffView() {
  return <h1>Tradeoff</h1>;
}
