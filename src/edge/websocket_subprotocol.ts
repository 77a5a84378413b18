/** The subprotocol that CLASP clients offer and CLASP routers confirm. */
export const CLASP_SUBPROTOCOL: string = "clasp";
