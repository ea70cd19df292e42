export function StepsView() {
  return <h1>Steps</h1>;
}
